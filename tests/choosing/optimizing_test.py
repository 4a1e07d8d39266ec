"""The optimiser and its rate."""

import pytest

from tf_simclr.choosing import optimizing
from tf_simclr.optim.schedules import scaled_learning_rate


def test_large_batches_have_lars():
    assert optimizing.optimizer(1024).value == "lars"
    assert optimizing.optimizer(512).value == "adam"
    assert optimizing.learning_rate("lars", 1024, 50, 1.0, "linear").value == 0.3


def test_the_rate_is_that_of_emoji_where_it_was_measured():
    """flags/emoji32_v2.cfg: 1e-2, a batch of 128, half a ResNet-18."""
    assert optimizing.learning_rate("adam", 128, 18, 0.5, "linear").value == 0.01


@pytest.mark.parametrize("scaling", ["linear", "sqrt"])
@pytest.mark.parametrize(
    ("batch", "depth", "width", "peak"),
    # 0.005 by sqrt(batch / 128), and by half of the width; bottlenecks count twice.
    [(128, 18, 0.5, 0.005), (512, 18, 0.5, 0.01), (128, 18, 1.0, 0.0025), (128, 50, 1.0, 0.00125)]
    + [(128, 18, 0.0625, 0.005)],
)
def test_the_peak_is_the_same_however_rates_are_scaled(batch, depth, width, peak, scaling):
    rate = optimizing.learning_rate("adam", batch, depth, width, scaling).value
    assert scaled_learning_rate(rate, batch, scaling) == pytest.approx(peak, rel=0.06)
