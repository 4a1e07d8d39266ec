"""Quarter turns against where each pixel must land, and how often each is drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.rotation import random_rotation, rotate


def turned(image):
    """One turn counter-clockwise, pixel by pixel: the top right corner becomes the top left."""
    height, width = image.shape[:2]
    rows = [[image[row, width - 1 - column] for row in range(height)] for column in range(width)]
    return np.array(rows)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("size", [(4, 4), (3, 5)])
def test_turns_counter_clockwise(size, turns):
    image = np.random.default_rng(0).random((*size, 3), np.float32)
    expected = image
    for _ in range(turns):
        expected = turned(expected)
    np.testing.assert_array_equal(rotate(tf.constant(image), tf.constant(turns)), expected)
    batch = tf.stack([image, image])
    np.testing.assert_array_equal(rotate(batch, tf.constant(turns))[1], expected)


@pytest.mark.parametrize("side", [6, 9])
def test_the_four_turns_are_equally_likely(side):
    image = tf.random.stateless_uniform([side, side, 3], [0, 0])
    upright = {turns: rotate(image, turns).numpy().tobytes() for turns in range(4)}
    rotation, count = tf.function(random_rotation), 400
    found = [rotation(image, tf.constant([seed, side])).numpy().tobytes() for seed in range(count)]
    assert set(found) == set(upright.values())
    # Binomial(400, 1/4): four deviations of 8.66.
    assert all(abs(found.count(turn) - count / 4) < 34.7 for turn in upright.values())


def test_rotation_follows_from_the_seed():
    image = tf.random.stateless_uniform([8, 8, 3], [0, 0])
    one, again = (random_rotation(image, tf.constant([5, 1])) for _ in range(2))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (8, 8, 3)
