"""Colours of patches, without what tells where in a picture they lie.

A lens bends colours differently, so that their shift tells a patch's place: a shortcut. One channel
alone, or a projection without that shift, does not show it (arXiv 1505.05192, section 3.1).
"""

import tensorflow as tf

# From magenta to green: the axis along which a lens shifts colours.
GREEN_MAGENTA = (-1.0, 2.0, -1.0)
NOISE = 0.01  # of a dropped channel, as a share of the kept one's standard deviation
# The authors' code gives patches a root mean square of 50 of 255 levels, that of pictures.
ROOT_MEAN_SQUARE = 50 / 255
LEAST = 1 / 255  # A patch that varies less is not amplified further: it would show noise alone.
MIDDLE = 0.5  # of the range of pictures


def project(pixels: tf.Tensor) -> tf.Tensor:
    """Removes the green-magenta part of each pixel: pixel times B.

        B = I - a' a / (a a'),    a = [-1, 2, -1]

    Args:
      pixels: float [..., 3]. Gray stays gray; values may leave [0, 1].
    """
    a = tf.constant([GREEN_MAGENTA], pixels.dtype)
    b = tf.eye(3, dtype=pixels.dtype) - tf.matmul(a, a, transpose_a=True) / tf.reduce_sum(a * a)
    return tf.reshape(tf.matmul(tf.reshape(pixels, [-1, 3]), b), tf.shape(pixels))


def drop(patches: tf.Tensor, kept: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """Keeps one channel of each patch, without its mean, and puts faint noise into the others.

    Args:
      patches: float [patches, side, side, 3].
      kept: int32 [patches], the channel to keep: 0, 1 or 2.
      noise: [patches, side, side, 3] of standard deviation 1.

    Returns:
      As patches, of mean about 0.
    """
    centred = without_mean(patches)
    keep = tf.one_hot(kept, 3, dtype=patches.dtype)[:, tf.newaxis, tf.newaxis]
    # Of the kept channel: the others are 0 in the sum.
    variance = tf.reduce_sum(tf.square(centred) * keep, axis=-1, keepdims=True)
    deviation = tf.sqrt(tf.reduce_mean(variance, axis=[1, 2], keepdims=True))
    return centred * keep + noise * NOISE * deviation * (1.0 - keep)


def without_mean(patches: tf.Tensor) -> tf.Tensor:
    """Subtracts each channel's mean over a patch: [patches, side, side, 3]."""
    return patches - tf.reduce_mean(patches, axis=[1, 2], keepdims=True)


def level(patches: tf.Tensor) -> tf.Tensor:
    """Gives patches of mean 0 one contrast, around middle grey.

    Neither how bright a patch is nor how fast it changes then tells its place.

    Args:
      patches: float [patches, side, side, 3] of mean 0.
    """
    square = tf.reduce_mean(tf.square(patches), axis=[1, 2, 3], keepdims=True)
    return MIDDLE + patches * ROOT_MEAN_SQUARE / tf.maximum(tf.sqrt(square), LEAST)
