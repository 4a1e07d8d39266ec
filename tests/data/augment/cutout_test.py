"""Cutout against a loop over pixels, and where random squares lie."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.cutout import FILL, Cutout, cutout


def looped(image, center, size, fill):
    """The square row - size / 2 <= y < row + size / 2, and so for columns, one pixel at a time."""
    image = image.copy()
    for y, x in np.ndindex(image.shape[:2]):
        if all(c - size // 2 <= at < c + size // 2 for c, at in zip(center, (y, x))):
            image[y, x] = fill
    return image


@pytest.mark.parametrize("size", [0, 2, 4, 20])
@pytest.mark.parametrize(("height", "width"), [(6, 6), (5, 9)])
def test_cuts_a_square_as_far_as_the_picture_reaches(height, width, size):
    images = np.random.default_rng(size).random((4, height, width, 3), np.float32)
    centers = np.array([[0, 0], [2, 3], [height - 1, width - 1], [4, 0]], np.int32)
    result = cutout(tf.constant(images), tf.constant(centers), size, fill=0.25)
    expected = [looped(image, center, size, 0.25) for image, center in zip(images, centers)]
    np.testing.assert_array_equal(result, expected)


def test_half_precision_stays_half_precision():
    images = tf.zeros([1, 4, 4, 3], tf.float16)
    assert cutout(images, tf.constant([[2, 2]]), 2).dtype == tf.float16


@pytest.mark.parametrize("size", [3, -2])
def test_odd_and_negative_sizes_are_errors(size):
    with pytest.raises(ValueError, match=rf"`size` must be even and >= 0. Received: size={size}."):
        cutout(tf.zeros([1, 4, 4, 3]), tf.constant([[2, 2]]), size)


@pytest.mark.parametrize(("side", "square"), [(8, 4), (32, 16)])
def test_half_the_side_is_cut_around_any_pixel(side, square):
    heights, count = [], 300
    draws = tf.random.stateless_uniform([count, 2], [side, 0])
    results = Cutout().act(tf.zeros([count, side, side, 3]), draws).numpy()
    assert results.shape == (count, side, side, 3)
    for result in results:
        rows = np.flatnonzero((result == FILL).all(-1).any(axis=1))
        assert np.array_equal(rows, np.arange(rows[0], rows[-1] + 1))
        heights.append(len(rows))
    assert max(heights) == square
    assert min(heights) == square // 2  # Around a pixel of the first row.
    # The square's row, from 0 to side - 1, is whole where side - square + 1 centres have it.
    share = (side - square + 1) / side
    assert abs(heights.count(square) - share * count) < 4 * (share * (1 - share) * count) ** 0.5


@pytest.mark.parametrize("side", [8, 32])
def test_the_draws_are_the_squares_centre(side):
    draws = np.float32([[0.0, 0.999], [0.5, 0.25]])
    centers = tf.constant([[0, side - 1], [side // 2, side // 4]])
    images = tf.zeros([2, side, side, 3])
    expected = cutout(images, centers, side // 2)
    np.testing.assert_array_equal(Cutout().act(images, tf.constant(draws)), expected)
