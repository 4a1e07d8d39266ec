"""The grid of nine patches: where they lie, that none touches another, and what fits."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.patch_pairs.grid import NAMES, PLACES, Grid

GRIDS = [Grid(32, 7, 3, 1), Grid(48, 10, 5, 2), Grid(20, 5, 0, 0)]


def corners(grid, count):
    return np.stack([grid.corners(tf.constant([3, n], tf.int64)) for n in range(count)])


def picture_of_places(side):
    """[side, side, 3]: each pixel holds its row, its column, and 0."""
    rows, columns = np.mgrid[:side, :side]
    return tf.constant(np.stack([rows, columns, 0 * rows], axis=-1))


def test_the_eight_neighbours_lie_row_by_row_around_the_centre():
    """arXiv 1505.05192, figure 2: 1 2 3, 4 and 5 beside the centre, 6 7 8."""
    drawn = {(0, 0): 1, (0, 1): 2, (0, 2): 3, (1, 0): 4, (1, 2): 5, (2, 0): 6, (2, 1): 7, (2, 2): 8}
    assert PLACES[0] == (1, 1)
    assert {place: number for number, place in enumerate(PLACES) if number} == drawn
    rows = {"above": 0, "below": 2}
    columns = {"left": 0, "right": 2}
    for name, place in zip(NAMES, PLACES[1:], strict=True):
        words = name.split()
        row = next((rows[word] for word in words if word in rows), 1)
        assert (row, next((columns[word] for word in words if word in columns), 1)) == place


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_neighbours_are_a_gap_apart_and_move_by_the_jitter(grid):
    drawn, step = corners(grid, 200), grid.patch + grid.gap
    assert drawn.dtype == np.int32
    # All of the picture is used.
    assert drawn.min() == 0 and drawn.max() == grid.side - grid.patch
    # What is left without a patch's place on the grid: where the grid starts, and how it moves.
    moved = drawn - step * np.array(PLACES)
    between = moved.max(axis=1) - moved.min(axis=1)
    assert between.max() == 2 * grid.jitter
    for axis in range(2):
        differences = drawn[:, 5, axis] - drawn[:, 4, axis]  # right and left of the centre
        expected = 2 * step * axis + np.arange(-2 * grid.jitter, 2 * grid.jitter + 1)
        assert set(differences) == set(expected)


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_patches_do_not_overlap_if_the_gap_outlasts_the_jitter(grid):
    for drawn in corners(grid, 50):
        for one, other in itertools.combinations(drawn, 2):
            assert np.abs(one - other).max() >= grid.patch


@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_patches_are_cut_where_their_corners_say(grid):
    drawn = tf.constant(corners(grid, 2))
    places = picture_of_places(grid.side)
    pictures = tf.stack([places, places + [0, 0, 1]])
    cut = grid.cut(pictures, drawn).numpy()
    assert cut.shape == (2, 9, grid.patch, grid.patch, 3)
    for picture, patches, own in zip(pictures, cut, drawn.numpy()):
        for patch, (top, left) in zip(patches, own):
            expected = picture[top : top + grid.patch, left : left + grid.patch]
            np.testing.assert_array_equal(patch, expected)


def test_corners_follow_from_the_seed():
    grid = GRIDS[1]
    one, again, other = (grid.corners(tf.constant([1, n], tf.int64)) for n in (4, 4, 5))
    np.testing.assert_array_equal(one, again)
    assert (one.numpy() != other.numpy()).any()


@pytest.mark.parametrize(
    ("side", "shares", "pixels"),
    [
        (548, (96 / 548, 48 / 548, 7 / 548), (96, 48, 7)),  # The paper's, of 300,000 pixels.
        (32, (0.22, 0.11, 0.016), (7, 3, 1)),
        (48, (1 / 3, 0, 0), (16, 0, 0)),
        (224, (0.22, 0.11, 0.0), (49, 24, 0)),
    ],
)
def test_sizes_are_shares_of_the_picture(side, shares, pixels):
    patch, gap, jitter = shares
    assert Grid.of(side, patch=patch, gap=gap, jitter=jitter) == Grid(side, *pixels)


def test_the_papers_proportions_fit_every_picture_that_is_large_enough():
    for side in range(19, 300):
        assert Grid.of(side, patch=0.22, gap=0.11, jitter=0.016).trouble == ""
    smaller = Grid.of(18, patch=0.22, gap=0.11, jitter=0.016)
    assert smaller.trouble == ": a patch would be 3 pixels wide, but must be at least 4"


@pytest.mark.parametrize("side", [20, 40])
def test_a_grid_says_why_it_does_not_fit(side):
    assert Grid(side, side // 4, side // 8, 0).trouble == ""
    trouble = Grid(side, side // 4, side // 8, side // 8).trouble
    assert f"patches of {side // 4} pixels, gaps of {side // 8} and jitter" in trouble
    # Three quarters, two eighths, and an eighth on both sides.
    assert trouble.endswith(f"take {3 * (side // 4) + 4 * (side // 8)}")
