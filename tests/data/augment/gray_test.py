"""Grayscale against a weighted mean, and how often it is drawn."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.gray import PROBABILITY, Gray, grayscale
from tf_simclr.data.augment.operation import to_images, to_planes


def pictures(height, width, count=3):
    return np.random.default_rng(height).random((count, height, width, 3), np.float32)


def by_planes(act, images, *arguments):
    """`act` on the planes of images [batch, height, width, 3], as images again."""
    return to_images(act(to_planes(tf.constant(images)), *arguments), *images.shape[1:3]).numpy()


@pytest.mark.parametrize("size", [(6, 6), (5, 8)])
def test_grayscale_is_luma_in_three_channels(size):
    images = pictures(*size)
    luma = images @ [0.2989, 0.5870, 0.1140]  # ITU-R BT.601
    expected = np.stack([luma] * 3, axis=-1)
    np.testing.assert_allclose(by_planes(grayscale, images), expected, atol=1e-6)


@pytest.mark.parametrize("size", [(6, 6), (5, 8)])
def test_pictures_are_gray_below_02(size):
    images, draws = pictures(*size, count=4), tf.constant([[0.0], [0.19], [0.2], [0.9]])
    gray = by_planes(grayscale, images)
    expected = np.concatenate([gray[:2], images[2:]])
    np.testing.assert_array_equal(by_planes(Gray().act, images, draws), expected)
    for place in range(4):
        own = slice(place, place + 1)
        alone = by_planes(Gray().act, images[own], draws[own])
        np.testing.assert_allclose(alone, expected[own], atol=1e-6)
    assert PROBABILITY == 0.2  # arXiv 2002.05709, appendix A
