import numpy as np
import pytest

from tf_simclr.evaluation import hog

pytest.importorskip("skimage", reason="extra `hog`")
PICTURES = np.random.default_rng(0).random((3, 16, 16, 3)).astype(np.float32)


def ramp(slope_down, slope_right, side=16):
    """A gray picture that brightens evenly in one direction."""
    down, right = np.mgrid[:side, :side] / side
    gray = 0.1 + slope_down * down + slope_right * right
    return np.repeat(gray[None, ..., None], 3, axis=-1).astype(np.float32)


@pytest.mark.parametrize(("slopes", "bin"), [((0.5, 0.0), 4), ((0.0, 0.5), 0)])
def test_an_even_slope_fills_the_bin_of_its_direction(slopes, bin):
    # Nine bins of 20 degrees: a slope to the right is of 0, a slope downwards of 90 degrees. At the
    # rim there is no difference of both neighbours, so a corner of a block may have less.
    [vector] = hog.gradient_histograms(ramp(*slopes), cells=4)
    histograms = vector.reshape(-1, 9)
    assert (histograms.argmax(axis=1) == bin).all()
    np.testing.assert_allclose(histograms.sum(axis=1), histograms[:, bin], atol=1e-6)


def test_blocks_are_normalised_so_contrast_and_brightness_do_not_count():
    histograms = hog.gradient_histograms(PICTURES, cells=4)
    assert histograms.shape == (3, 3 * 3 * 36) and histograms.dtype == np.float32
    dim = hog.gradient_histograms(0.5 * PICTURES + 0.2, cells=4)
    np.testing.assert_allclose(dim, histograms, atol=1e-4)
    norms = np.linalg.norm(histograms.reshape(-1, 36), axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-3)


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_the_channel_with_the_largest_gradient_counts(channel):
    colour = np.zeros((1, 16, 16, 3), np.float32)
    colour[..., channel] = PICTURES[0, ..., 0]
    gray = np.repeat(PICTURES[:1, ..., :1], 3, axis=-1)
    np.testing.assert_allclose(
        hog.gradient_histograms(colour, cells=4), hog.gradient_histograms(gray, cells=4), atol=1e-6
    )


@pytest.mark.parametrize(("bins", "cells"), [(2, 1), (3, 2), (4, 4)])
def test_colours_are_counted_cell_by_cell(bins, cells):
    pictures = PICTURES.copy()
    pictures[0, 0, 0], pictures[0, 0, 1] = 1.0, 0.0  # The ends of the scale are in the last bins.
    expected = np.zeros((3, cells, cells, bins, bins, bins))
    for number, picture in enumerate(pictures):
        for row in range(16):
            for column in range(16):
                place = tuple(min(int(value * bins), bins - 1) for value in picture[row, column])
                expected[(number, row * cells // 16, column * cells // 16, *place)] += 1
    expected = np.sqrt(expected / (16 / cells) ** 2).reshape(3, -1)
    found = hog.colour_histograms(pictures, bins=bins, cells=cells)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.dtype == np.float32


def test_a_grid_that_does_not_divide_the_side_has_cells_of_different_size():
    found = hog.colour_histograms(PICTURES[:, :5, :5], bins=1, cells=3)
    np.testing.assert_array_equal(found, 1)  # Each cell is a share of its own pixels.


def test_both_kinds_weigh_the_same():
    features = hog.features(PICTURES, cells=4)
    gradients = 3 * 3 * 36
    for part in (features[:, :gradients], features[:, gradients:]):
        np.testing.assert_allclose(np.linalg.norm(part, axis=1), 1, atol=1e-5)


def test_a_picture_of_one_colour_has_no_gradients_and_is_no_error():
    features = hog.features(np.full((1, 16, 16, 3), 0.5, np.float32), cells=4)
    assert np.isfinite(features).all() and features.any()
