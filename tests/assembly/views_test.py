import numpy as np
import pytest
from PIL import Image

from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import Drawn, originals, views_of_first
from tf_simclr.config import Config
from tf_simclr.reporting.content import PAIRS


@pytest.fixture
def pairs(tmp_path):
    """Views of three copies of one picture."""
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    (tmp_path / "train" / "only").mkdir(parents=True)
    for name in range(3):
        Image.fromarray(pixels).save(tmp_path / "train" / "only" / f"{name}.png")
    flags = {"dataset": "image_folder", "data_dir": str(tmp_path), "image_size": 16}
    config = Config.from_flat(flags)
    data, views = build_data.source(config), build_data.pretrain_views(config)
    return views_of_first(config, data, views, count=3)


def test_every_view_of_every_picture_is_augmented_by_itself(pairs):
    assert pairs.shape == (3, 2, 16, 16, 3) and pairs.dtype == np.uint8
    assert len(np.unique(pairs.reshape(6, -1), axis=0)) == 6


def test_in_a_strip_the_second_view_is_below_the_first(pairs):
    three = np.concatenate([np.zeros_like(pairs[:, :1]), pairs], axis=1)  # The original is first.
    strip = Drawn(three, PAIRS).strip()
    assert strip.shape == (3, 32, 16, 3)
    np.testing.assert_array_equal(strip[:, :16], pairs[:, 0])
    np.testing.assert_array_equal(strip[:, 16:], pairs[:, 1])


def test_an_uncut_picture_is_as_large_as_a_view(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 24, 3)).astype(np.uint8)
    (tmp_path / "train" / "only").mkdir(parents=True)
    Image.fromarray(pixels).save(tmp_path / "train" / "only" / "a.png")
    flags = {"dataset": "image_folder", "data_dir": str(tmp_path), "view_size": 12}
    config = Config.from_flat({**flags, "image_size": 48})
    data, views = build_data.source(config), build_data.pretrain_views(config)
    shapes = [
        originals(config, data, count=1).shape,
        views_of_first(config, data, views, count=1).shape,
    ]
    assert shapes == [(1, 12, 12, 3), (1, 2, 12, 12, 3)]
