"""A second implementation, not ours: tensorflow-addons does what our operations do.

It has no hue or saturation of HSV. What is compared is what they share with its own, which work on
YIQ: the differences between a pixel's channels, for to both spaces grey is where these are 0.
"""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import color, gray
from tf_simclr.data.augment.blur import gaussian_blur
from tf_simclr.data.augment.cutout import cutout
from tf_simclr.data.augment.operation import to_images, to_planes
from tf_simclr.data.augment.rotate import rotate
from tf_simclr.losses.nt_xent import nt_xent

addons = pytest.importorskip("tensorflow_addons")
RANDOM = np.random.default_rng(0)
SIZES = [(12, 12), (9, 14)]


def pictures(height, width):
    return tf.constant(RANDOM.random((4, height, width, 3), np.float32))


def by_planes(act, images, *arguments):
    """`act` on the planes of images [batch, height, width, 3], as images again."""
    return to_images(act(to_planes(images), *arguments), *images.shape[1:3])


def channel_differences(images):
    return images - tf.roll(images, 1, axis=-1)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("sigma", [0.1, 0.7, 2.0])
@pytest.mark.parametrize("kernel_size", [3, 5, 11])
def test_blur(size, sigma, kernel_size):
    images = pictures(*size)
    ours = gaussian_blur(images, tf.constant(sigma), kernel_size=kernel_size)
    theirs = addons.image.gaussian_filter2d(images, kernel_size, sigma, padding="CONSTANT")
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("side", [8, 11])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_rotation(side, turns):
    images = pictures(side, side)
    theirs = addons.image.rotate(images, turns * math.pi / 2)
    np.testing.assert_array_equal(rotate(images, tf.fill([4], turns)), theirs)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("side", [2, 6, 30])
def test_cutout(size, side):
    images, centers = pictures(*size), tf.constant([[0, 0], [8, 11], [4, 5], [8, 1]])
    theirs = addons.image.cutout(images, side, centers, constant_values=0.5)
    np.testing.assert_array_equal(cutout(images, centers, side, fill=0.5), theirs)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.2, 1.0, 1.8])
def test_brightness(size, factor):
    images = pictures(*size)
    theirs = addons.image.adjust_hsv_in_yiq(images, scale_value=factor)
    # Its matrices, of three decimals and their inverse, miss the identity by 1e-6.
    np.testing.assert_allclose(by_planes(color.brightness, images, factor), theirs, atol=4e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.2, 0.6, 1.8])
def test_contrast(size, factor):
    images = pictures(*size)
    mean = tf.reduce_mean(images, axis=[1, 2], keepdims=True) * tf.ones_like(images)
    theirs = addons.image.blend(mean * 255, images * 255, factor) / 255
    ours = tf.clip_by_value(by_planes(color.contrast, images, factor), 0, 1)
    np.testing.assert_allclose(ours, theirs, atol=0.5001 / 255)  # It rounds to whole bytes.


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factor", [0.0, 0.4, 1.0])
def test_saturation_multiplies_the_differences_of_channels(size, factor):
    images = pictures(*size)
    ours = by_planes(color.saturation, images, factor)
    theirs = addons.image.adjust_hsv_in_yiq(images, scale_saturation=factor)
    np.testing.assert_allclose(channel_differences(ours), channel_differences(theirs), atol=4e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("half_turns", [0, 1, -1, 2])
def test_half_turns_of_hue_turn_the_differences_of_channels_round(size, half_turns):
    images = pictures(*size)
    ours = by_planes(color.hue, images, half_turns / 2)  # in turns
    theirs = addons.image.adjust_hsv_in_yiq(images, half_turns * math.pi)  # in radians
    np.testing.assert_allclose(channel_differences(ours), channel_differences(theirs), atol=4e-6)


@pytest.mark.parametrize("size", SIZES)
def test_grayscale(size):
    images = pictures(*size)
    theirs = addons.image.adjust_hsv_in_yiq(images, scale_saturation=0)
    # Luma is .2989 of red here and .299 there.
    np.testing.assert_allclose(by_planes(gray.grayscale, images), theirs, atol=2e-4)


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize(("images", "dim"), [(3, 5), (8, 4)])
def test_the_contrastive_loss_is_twice_the_n_pairs_loss_of_both_views(images, dim, temperature):
    hidden = tf.constant(RANDOM.standard_normal((2 * images, dim)))
    loss, _, _ = nt_xent(hidden, temperature=temperature)
    rows = tf.math.l2_normalize(hidden, axis=1)
    columns = tf.roll(rows, images, axis=0)  # [b, a] beside the rows [a, b]: partners meet
    itself = tf.roll(tf.eye(2 * images, dtype=tf.float64), images, axis=1) * 1e9
    logits = tf.matmul(rows, columns, transpose_b=True) / temperature - itself
    theirs = addons.losses.npairs_loss(tf.range(2 * images), logits)
    np.testing.assert_allclose(loss, 2 * theirs, rtol=1e-12)
