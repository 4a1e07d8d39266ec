"""The patches of a config: to train on, to judge by from a fixed seed, and to look at."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.assembly.patches import (
    CENTRE_COLOR,
    NEIGHBOUR_COLOR,
    SHOWN_SIDE,
    grid_of,
    pairs_of_first,
    patch_views,
    patches_to_judge,
)
from tf_simclr.config import Config
from tf_simclr.data.patch_pairs.grid import Grid


@pytest.fixture
def flags(picture_folder):
    return {
        "pretext_task": "relative_position",
        "dataset": "image_folder",
        "data_dir": picture_folder,
        "eval_split": "test",
        "image_size": 24,
    }


@pytest.mark.parametrize(("side", "patch"), [(24, 5), (48, 10)])
def test_the_flags_say_which_patches_are_made(side, patch):
    config = Config.from_flat({"relative_position_color": "project", "image_size": side})
    views = patch_views(config)
    assert views.patches.grid == grid_of(config, side) == Grid(side, patch, side * 11 // 100, 1)
    assert views.patches.color == "project"
    assert views.view.size == side and len(views.view.each) == 1
    values = {"relative_position_patch": 0.3, "relative_position_gap": 0.0}
    values |= {"relative_position_jitter": 0.0, "image_size": side}
    assert grid_of(Config.from_flat(values), side) == Grid(side, 3 * side // 10, 0, 0)


def test_patches_to_judge_by_do_not_depend_on_seed_or_batches(flags):
    def made(**values):
        config = Config.from_flat(flags | values)
        data = build_data.source(config)
        return np.concatenate([*patches_to_judge(config, data).as_numpy_iterator()])

    once = made(eval_batch_size=3)
    assert once.shape == (8, 9, 5, 5, 3)
    np.testing.assert_array_equal(made(eval_batch_size=5, seed=3), once)
    # Each picture has draws of its own: of one picture twice, the patches differ.
    assert np.abs(once[0] - once[1]).max() > 0.05
    assert np.abs(made(relative_position_color="keep") - once).max() > 0.05


@pytest.fixture
def slope(tmp_path):
    """DIR/train and DIR/test of pictures that are lighter from row to row."""
    picture = tf.constant(np.arange(0, 200, 10, np.uint8)[:, np.newaxis, np.newaxis])
    content = tf.io.encode_png(tf.broadcast_to(picture, [20, 20, 3])).numpy()
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for number in range(3):
            (tmp_path / split / f"{number}.png").write_bytes(content)
    return tmp_path


def test_a_pair_of_each_picture_is_marked_and_shown(flags, slope):
    changed = {"data_dir": slope, "min_crop_area": 1.0, "relative_position_color": "keep"}
    config = Config.from_flat(flags | changed)
    shown = pairs_of_first(config, build_data.source(config), count=3)
    assert shown.shape == (3, 3, SHOWN_SIDE, SHOWN_SIDE, 3) and shown.dtype == np.uint8
    for place, (marked, centre, neighbour) in enumerate(shown):
        corners = {}
        for color in (CENTRE_COLOR, NEIGHBOUR_COLOR):
            rows, columns = np.nonzero((marked == color).all(axis=-1))
            corners[color] = rows.min(), columns.min()
            assert rows.max() - rows.min() == columns.max() - columns.min() == 5 * 4 - 1
        below, right = np.subtract(corners[NEIGHBOUR_COLOR], corners[CENTRE_COLOR])
        # The first rows show neighbours 1, 2 and 3: above left, above, above right.
        assert below < 0
        assert (right < -4, abs(right) <= 4 * 2, right > 4).index(True) == place
        for color, patch in ((CENTRE_COLOR, centre), (NEIGHBOUR_COLOR, neighbour)):
            top, left = corners[color]
            inside = marked[top + 4 : top + 16, left + 4 : left + 16].astype(float)
            # Its middle, if it was not resampled; else what is left of it. The other patch of
            # the pair is at least five rows away, 40 levels.
            whole = patch.reshape(SHOWN_SIDE, SHOWN_SIDE, 3).astype(float)
            assert abs(inside.mean() - whole[20:76, 20:76].mean()) < 15


def test_the_same_pairs_are_shown_each_time(flags):
    config = Config.from_flat(flags)
    data = build_data.source(config)
    one, again = (pairs_of_first(config, data, count=2) for _ in range(2))
    np.testing.assert_array_equal(one, again)
