"""Fewer pixels and back again: patches without their finest detail (arXiv 1505.05192, section 3.1).

The network then cannot rely on detail that only sharp pictures have.
"""

import tensorflow as tf

PROBABILITY = 0.33  # of a patch, in the authors' code
# Sides to which a patch of 96 pixels is reduced there; the number of pixels is uniform.
SHARES = (10 / 96, 95 / 96)


def draw_sides(seed: tf.Tensor, count: int, side: int) -> tf.Tensor:
    """Draws the side to which each patch is reduced, in pixels; the full side leaves it alone.

    Args:
      seed: integer [2].
      count: patches.
      side: of a patch, in pixels.

    Returns:
      int32 [count], from 1 to side.
    """
    gate_seed, area_seed = tf.unstack(tf.random.split(seed, 2))
    areas = tf.random.stateless_uniform([count], area_seed, *(share**2 for share in SHARES))
    reduced = tf.maximum(1, tf.cast(tf.sqrt(areas) * side, tf.int32))
    gate = tf.random.stateless_uniform([count], gate_seed) < PROBABILITY
    return tf.where(gate, reduced, side)


def resample(patches: tf.Tensor, sides: tf.Tensor) -> tf.Tensor:
    """Resizes patches to fewer pixels and back, as one product along each axis.

    Args:
      patches: float [patches, side, side, 3].
      sides: int32 [patches], from 1 to side: pixels in between.

    Returns:
      As patches.
    """
    _, side, _, channels = patches.shape
    matrices = resampling_matrices(sides, side)
    rows = tf.matmul(matrices, tf.reshape(patches, [-1, side, side * channels]))
    turned = tf.transpose(tf.reshape(rows, [-1, side, side, channels]), [0, 2, 1, 3])
    columns = tf.matmul(matrices, tf.reshape(turned, [-1, side, side * channels]))
    return tf.transpose(tf.reshape(columns, [-1, side, side, channels]), [0, 2, 1, 3])


def resampling_matrices(sides: tf.Tensor, length: int) -> tf.Tensor:
    """Linear interpolation to fewer pixels and back: float32 [n, length, length].

    Args:
      sides: int32 [n], from 1 to length: pixels in between.
      length: of the axis, in pixels.
    """
    lengths = tf.fill(tf.shape(sides), length)
    return tf.matmul(_linear(sides, lengths, length), _linear(lengths, sides, length))


def _linear(source: tf.Tensor, target: tf.Tensor, most: int) -> tf.Tensor:
    """Linear interpolation from `source` pixels to `target`, [n]: float32 [n, most, most].

    Row i of the first `target` holds the two taps of output pixel i at its centre; beyond the
    border the last pixel goes on. Other rows mean nothing.
    """
    source, target = (tf.cast(n, tf.float32)[:, tf.newaxis] for n in (source, target))
    centres = (tf.range(most, dtype=tf.float32) + 0.5) * source / target - 0.5  # [n, most]
    centres = tf.clip_by_value(centres, 0.0, source - 1.0)
    places = tf.range(most, dtype=tf.float32)
    return tf.maximum(0.0, 1.0 - tf.abs(places - centres[..., tf.newaxis]))
