"""Resizing without aliasing by two matrix products, which XLA compiles for every device.

XLA has no kernel for the operation behind `tf.image.resize(antialias=True)`.
"""

import numpy as np
import tensorflow as tf


def resize_antialiased(images: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The same as tf.image.resize(images, [height, width], antialias=True), up to rounding.

    Args:
      images: float [batch, h, w, channels], of a static h and w.
      height: of the result, in pixels.
      width: of the result, in pixels.

    Returns:
      [batch, height, width, channels], of the dtype of `images`. By default TPUs round the factors
      of products to bfloat16: for pictures in [0, 1], by half a grey level.
    """
    _, h, w, _ = images.shape
    rows = tf.constant(triangle_weights(h, height), images.dtype)
    columns = tf.constant(triangle_weights(w, width), images.dtype)
    return tf.einsum("ih,jw,bhwc->bijc", rows, columns, images)


def triangle_weights(length: int, target: int) -> np.ndarray:
    """Bilinear resizing along an axis as a product: float64 [target, length].

    Row i weighs the pixels around the centre of output pixel i by a triangle, which is as wide as
    two output pixels, or as two input pixels if the axis grows. Weights outside of the picture are
    left out, and the rest are scaled to sum to 1.

    Args:
      length: of the axis, in pixels.
      target: pixels to resize it to.
    """
    scale = length / target
    centres = (np.arange(target) + 0.5) * scale
    distances = np.arange(length) + 0.5 - centres[:, np.newaxis]  # [target, length]
    weights = np.maximum(1 - np.abs(distances) / max(scale, 1.0), 0)
    return weights / weights.sum(axis=1, keepdims=True)
