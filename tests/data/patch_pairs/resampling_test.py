"""Down- and upsampling as products, against TensorFlow's resize, and how sides are drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.patch_pairs.resampling import draw_sides, resample


@pytest.mark.parametrize("side", [7, 12])
def test_patches_are_resized_to_fewer_pixels_and_back(side):
    """Like two calls of tf.image.resize, bilinear and without antialiasing."""
    sides = [1, 2, side // 2, side - 1, side]
    random = np.random.default_rng(side)
    images = tf.constant(random.random((len(sides), side, side, 3)).astype(np.float32))
    expected = [
        tf.image.resize(tf.image.resize(image[tf.newaxis], [n, n]), [side, side])[0]
        for image, n in zip(images, sides)
    ]
    result = resample(images, tf.constant(sides))
    np.testing.assert_allclose(result, tf.stack(expected), atol=1e-5)
    np.testing.assert_allclose(result[-1], images[-1], atol=1e-6)


@pytest.mark.parametrize("side", [12, 96])
def test_a_third_of_the_patches_is_reduced_evenly_in_pixels(side):
    """From (10 / 96)^2 of the pixels to (95 / 96)^2, with every number as likely."""
    count = 4000
    sides = draw_sides(tf.constant([5, side]), count, side).numpy()
    reduced = sides[sides < side]
    deviation = (0.33 * 0.67 * count) ** 0.5
    assert abs(len(reduced) - 0.33 * count) < 4 * deviation
    assert reduced.min() == max(1, side * 10 // 96)
    # The number of pixels is uniform: half of them are below the middle of its range.
    middle = ((10 / 96) ** 2 + (95 / 96) ** 2) / 2
    below = (reduced < int(np.sqrt(middle) * side)).mean()
    expected = (int(np.sqrt(middle) * side) ** 2 / side**2 - (10 / 96) ** 2) / (
        (95 / 96) ** 2 - (10 / 96) ** 2
    )
    assert abs(below - expected) < 4 * 0.5 / len(reduced) ** 0.5


def test_sides_follow_from_the_seed():
    one, again, other = (draw_sides(tf.constant([2, n]), 40, 20).numpy() for n in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert (one != other).any()
