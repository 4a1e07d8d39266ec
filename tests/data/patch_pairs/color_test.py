"""Colour dropping and projection against loops over patches and pixels, and what they hide."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.patch_pairs.color import drop, level, project, without_mean

SIZES = [(3, 4), (5, 7)]  # patches, side


def patches(count, side, seed=0):
    return np.random.default_rng(seed).random((count, side, side, 3)).astype(np.float32)


@pytest.mark.parametrize("shape", [(3,), (2, 5, 3), (2, 4, 4, 3)])
def test_the_projection_takes_away_the_green_magenta_part(shape):
    """arXiv 1505.05192, section 3.1: pixel times I - a' a / (a a'), one pixel at a time."""
    pixels = np.random.default_rng(1).random(shape).astype(np.float32)
    a = np.array([-1.0, 2.0, -1.0])
    expected = np.empty(shape)
    for place in np.ndindex(shape[:-1]):
        pixel = pixels[place]
        expected[place] = pixel - (pixel @ a) * a / (a @ a)
    projected = project(tf.constant(pixels)).numpy()
    np.testing.assert_allclose(projected, expected, atol=1e-6)
    np.testing.assert_allclose(projected @ a, 0, atol=1e-6)
    np.testing.assert_allclose(project(tf.constant(projected)), projected, atol=1e-6)


def test_the_projection_leaves_gray_as_it_is():
    gray = np.repeat(np.linspace(0, 1, 6, dtype=np.float32)[:, None], 3, axis=1)
    np.testing.assert_allclose(project(tf.constant(gray)), gray, atol=1e-6)


@pytest.mark.parametrize(("count", "side"), SIZES)
def test_one_channel_stays_without_its_mean_and_noise_takes_the_others(count, side):
    images, kept = patches(count, side), np.arange(count) % 3
    noise = np.random.default_rng(2).standard_normal(images.shape).astype(np.float32)
    dropped = drop(tf.constant(images), tf.constant(kept, tf.int32), tf.constant(noise)).numpy()
    for image, result, channel, own in zip(images, dropped, kept, noise):
        plane = image[..., channel] - image[..., channel].mean()
        for number in range(3):
            # A hundredth of the standard deviation of the channel that stays: section 3.1.
            expected = plane if number == channel else own[..., number] * plane.std() / 100
            np.testing.assert_allclose(result[..., number], expected, atol=1e-6)


@pytest.mark.parametrize(("count", "side"), SIZES)
def test_levelled_patches_have_one_brightness_and_one_contrast(count, side):
    """The authors' code: a root mean square of 50 of 255 levels for every patch."""
    images = patches(count, side) * np.linspace(0.1, 1, count)[:, None, None, None] + 0.3
    levelled = level(without_mean(tf.constant(images, tf.float32))).numpy()
    np.testing.assert_allclose(levelled.mean(axis=(1, 2)), 0.5, atol=1e-5)
    square = ((levelled - 0.5) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(np.sqrt(square), 50 / 255, rtol=1e-4)


@pytest.mark.parametrize("value", [0.0, 0.7, 1.0])
def test_a_patch_of_one_colour_is_plain_gray(value):
    """And not the rounding error of a mean, amplified."""
    flat = tf.fill([2, 5, 5, 3], value)
    noise = tf.random.stateless_normal([2, 5, 5, 3], [0, 1])
    for hidden in (without_mean(flat), drop(flat, tf.constant([0, 2]), noise)):
        np.testing.assert_allclose(level(hidden), 0.5, atol=1e-4)


@pytest.mark.parametrize("side", [4, 9])
def test_patches_of_one_even_gradient_all_look_the_same(side):
    """Brightness grows evenly from left to right: no patch shows how far right it lies."""
    ramp = np.tile(np.arange(3 * side, dtype=np.float32) / (3 * side), (side, 1))
    images = np.stack([ramp[:, n * side : (n + 1) * side] for n in range(3)])
    images = tf.constant(np.repeat(images[..., None], 3, axis=-1))
    levelled = level(without_mean(images)).numpy()
    np.testing.assert_allclose(levelled[1:], levelled[:1].repeat(2, axis=0), atol=1e-4)
