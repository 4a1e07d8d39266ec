"""Mirroring against NumPy, by the draw."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.flip import Flip


def picture(height, width):
    return np.random.default_rng(height).random((height, width, 3), np.float32)


@pytest.mark.parametrize(("height", "width"), [(4, 5), (6, 3)])
def test_flip_mirrors_left_to_right_below_one_half(height, width):
    image = picture(height, width)
    draws = np.float32([[0.0], [0.49], [0.5], [0.99]])
    expected = np.stack([image[:, ::-1], image[:, ::-1], image, image])
    images = tf.constant(np.stack([image] * 4))
    np.testing.assert_array_equal(Flip().act(images, tf.constant(draws)), expected)
    for place in range(4):
        alone = Flip().act(images[:1], tf.constant(draws[place : place + 1]))
        np.testing.assert_array_equal(alone, expected[place : place + 1])
