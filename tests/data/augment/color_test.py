"""Each colour operation against NumPy or colorsys, and their random order."""

import colorsys
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import color


def picture(height, width):
    return np.random.default_rng(height).random((height, width, 3), np.float32)


SIZES = [(6, 6), (5, 8)]


def by_hsv(image, change):
    """Applies change(h, s, v) to every pixel."""
    pixels = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p))) for p in image.reshape(-1, 3)]
    return np.reshape(pixels, image.shape)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.2, 1.0, 1.7])
def test_brightness_multiplies(size, factor):
    image = picture(*size)
    np.testing.assert_allclose(color.brightness(tf.constant(image), factor), image * factor)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.7])
def test_contrast_moves_channels_away_from_their_mean(size, factor):
    image = picture(*size)
    mean = image.mean((0, 1))
    expected = (image - mean) * factor + mean
    np.testing.assert_allclose(color.contrast(tf.constant(image), factor), expected, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.0, 0.3, 1.8])
def test_saturation_multiplies_that_of_hsv(size, factor):
    image = picture(*size)
    expected = by_hsv(image, lambda h, s, v: (h, min(s * factor, 1), v))
    np.testing.assert_allclose(color.saturation(tf.constant(image), factor), expected, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("delta", [-0.2, 0.1, 1 / 3])
def test_hue_turns_that_of_hsv(size, delta):
    image = picture(*size)
    expected = by_hsv(image, lambda h, s, v: ((h + delta) % 1, s, v))
    np.testing.assert_allclose(color.hue(tf.constant(image), delta), expected, atol=1e-5)


@pytest.mark.parametrize("size", SIZES)
def test_grayscale_is_luma_in_three_channels(size):
    image = picture(*size)
    luma = image @ [0.2989, 0.5870, 0.1140]  # ITU-R BT.601
    expected = np.stack([luma] * 3, axis=-1)
    np.testing.assert_allclose(color.grayscale(tf.constant(image)), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("strength", "low", "high"),
    # 1 -+ .8 s, twice more, and -+ .2 s: arXiv 2002.05709, appendix A; not below 0.
    [
        (1.0, [0.2, 0.2, 0.2, -0.2], [1.8, 1.8, 1.8, 0.2]),
        (0.5, [0.6, 0.6, 0.6, -0.1], [1.4, 1.4, 1.4, 0.1]),
        (2.0, [0.0, 0.0, 0.0, -0.4], [2.6, 2.6, 2.6, 0.4]),
    ],
)
def test_factors_span_the_papers_ranges(strength, low, high):
    for draw, expected in ((0.0, low), (0.5, np.add(low, high) / 2), (1.0, high)):
        factors = color.jitter_factors(tf.fill([4], draw), strength)
        np.testing.assert_allclose(factors, expected, atol=1e-6)


OPERATIONS = (color.brightness, color.contrast, color.saturation, color.hue)
FACTORS = np.float32([1.6, 1.5, 0.3, 0.15])


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_operations_come_in_the_given_order_and_clip_after_each(order):
    image = picture(5, 8)
    expected = image
    for number in order:
        expected = np.clip(OPERATIONS[number](tf.constant(expected), FACTORS[number]), 0, 1)
    jittered = color.jitter_in_order(tf.constant(image), tf.constant(FACTORS), tf.constant(order))
    np.testing.assert_allclose(jittered, expected, atol=1e-6)


def test_order_matters():
    image = tf.constant(picture(5, 8))
    one, other = (
        color.jitter_in_order(image, tf.constant(FACTORS), tf.constant(order))
        for order in ([0, 1, 2, 3], [3, 2, 1, 0])
    )
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1)])
def test_jitter_draws_factors_and_order(order):
    image = tf.constant(picture(6, 6))
    draws = np.float32([0.1, 0.9, 0.3, 0.8, 0, 0, 0, 0])
    draws[4 + np.array(order)] = [0.1, 0.2, 0.3, 0.4]  # sorting these gives the order
    factors = color.jitter_factors(tf.constant(draws[:4]), 0.5)
    expected = color.jitter_in_order(image, factors, tf.constant(order))
    np.testing.assert_array_equal(color.jitter(image, tf.constant(draws), 0.5), expected)


def test_jitter_of_strength_0_changes_nothing():
    image = picture(6, 6)
    draws = tf.random.stateless_uniform([color.DRAWS], [0, 0])
    np.testing.assert_allclose(color.jitter(tf.constant(image), draws, 0.0), image, atol=1e-5)


@pytest.mark.parametrize(
    ("jitter_draw", "gray_draw", "jittered", "gray"),
    [(0.79, 0.2, True, False), (0.8, 0.19, False, True), (0.8, 0.2, False, False)],
)
def test_distort_jitters_below_08_and_grays_below_02(jitter_draw, gray_draw, jittered, gray):
    image = tf.constant(picture(6, 6))
    draws = tf.concat([[jitter_draw, gray_draw], tf.fill([color.DRAWS], 0.3)], 0)
    expected = color.jitter(image, draws[2:], 1.0) if jittered else image
    expected = color.grayscale(expected) if gray else expected
    np.testing.assert_array_equal(color.distort(image, draws, 1.0), expected)
    assert np.array_equal(expected, image) != (jittered or gray)
