"""What the training step makes of pairs of views."""

import numpy as np
import pytest

from tf_simclr.build_data import blurred_views
from tf_simclr.config import Config

SEEDS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize("use_blur", [False, True])
def test_first_views_come_before_second_ones(use_blur):
    config = Config.from_flat({"use_blur": use_blur})
    first, second = np.random.default_rng(0).random((2, 6, 16, 16, 3), np.float32)
    views = blurred_views(config, np.concatenate([first, second], axis=-1), SEEDS).numpy()
    # A blur spreads what it moves: of each picture the mean of the middle hardly changes.
    means = views[:, 4:12, 4:12].mean((1, 2))
    expected = np.concatenate([first, second])[:, 4:12, 4:12].mean((1, 2))
    np.testing.assert_allclose(means, expected, atol=0.05 if use_blur else 1e-7)
    assert np.abs(expected[:6] - expected[6:]).max() > 0.1
