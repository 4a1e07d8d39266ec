"""Antialiased resizing against TensorFlow's own, and under XLA, which cannot compile that one."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.antialias import resize_antialiased, triangle_weights

PICTURES = np.random.default_rng(0).random((2, 16, 11, 3), np.float32)
# Smaller, larger, one axis of each, a side that divides the other, and the same size.
SIZES = [(5, 4), (24, 30), (7, 22), (32, 11), (8, 1), (16, 11)]


@pytest.mark.parametrize(("height", "width"), SIZES)
def test_equals_tensorflows(height, width):
    expected = tf.image.resize(PICTURES, [height, width], antialias=True)
    found = resize_antialiased(tf.constant(PICTURES), height, width)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("height", "width"), SIZES[:2])
def test_xla_compiles_it(height, width):
    compiled = tf.function(resize_antialiased, jit_compile=True, autograph=False)
    found = compiled(tf.constant(PICTURES), height, width)
    np.testing.assert_allclose(found, resize_antialiased(PICTURES, height, width), atol=1e-6)


def test_halving_weighs_the_four_pixels_around_a_centre():
    # The triangle of a width of four pixels at distances of 1/2 and 3/2: 3/4 and 1/4.
    np.testing.assert_allclose(triangle_weights(6, 3)[1], [0, 1 / 8, 3 / 8, 3 / 8, 1 / 8, 0])
    # At the border one of them is missing.
    np.testing.assert_allclose(triangle_weights(6, 3)[0], [3 / 7, 3 / 7, 1 / 7, 0, 0, 0])
