"""Quarter turns against where each pixel must land, and how often each is drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.rotate import Rotate, rotate


def turned(image):
    """One turn counter-clockwise, pixel by pixel: the top right corner becomes the top left."""
    height, width = image.shape[:2]
    rows = [[image[row, width - 1 - column] for row in range(height)] for column in range(width)]
    return np.array(rows)


@pytest.mark.parametrize("size", [(4, 4), (7, 7)])
def test_turns_counter_clockwise(size):
    images = np.random.default_rng(0).random((5, *size, 3), np.float32)
    quarter_turns = [0, 1, 2, 3, 1]
    result = rotate(tf.constant(images), tf.constant(quarter_turns))
    for place, turns in enumerate(quarter_turns):
        expected = images[place]
        for _ in range(turns):
            expected = turned(expected)
        np.testing.assert_array_equal(result[place], expected)
        alone = rotate(tf.constant(images[place : place + 1]), tf.constant([turns]))
        np.testing.assert_array_equal(alone, [expected])


@pytest.mark.parametrize("side", [6, 9])
def test_the_four_turns_are_equally_likely(side):
    image, count = tf.random.stateless_uniform([1, side, side, 3], [0, 0]), 400
    upright = [rotate(image, tf.constant([turns])).numpy().tobytes() for turns in range(4)]
    draws = tf.random.stateless_uniform([count, 1], [side, 0])
    results = Rotate().act(tf.repeat(image, count, axis=0), draws)
    assert results.shape == (count, side, side, 3)
    found = [result.tobytes() for result in results.numpy()]
    assert set(found) == set(upright)
    # Binomial(400, 1/4): four deviations of 8.66.
    assert all(abs(found.count(turn) - count / 4) < 34.7 for turn in upright)


@pytest.mark.parametrize(("draw", "turns"), [(0.0, 0), (0.24, 0), (0.25, 1), (0.5, 2), (0.99, 3)])
def test_the_draw_tells_the_turn(draw, turns):
    image = tf.random.stateless_uniform([1, 8, 8, 3], [0, 0])
    expected = rotate(image, tf.constant([turns]))
    np.testing.assert_array_equal(Rotate().act(image, tf.constant([[draw]])), expected)
