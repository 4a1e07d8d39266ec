"""Rotation by quarter turns, one of the operations that arXiv 2002.05709 studies (figure 4)."""

import tensorflow as tf


def rotate(images: tf.Tensor, quarter_turns: tf.Tensor) -> tf.Tensor:
    """Turns pictures counter-clockwise, without a pixel lost or mixed.

    Args:
      images: [height, width, channels] or [batch, height, width, channels].
      quarter_turns: integer scalar, 0 to 3, for all of them.

    Returns:
      As images; height and width change places after one turn and after three.
    """
    return tf.image.rot90(images, quarter_turns)


def random_rotation(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Turns a picture by 0, 1, 2 or 3 quarters, equally likely (arXiv 1803.07728, section 2.1).

    Args:
      image: [side, side, channels].
      seed: integer [2].
    """
    return rotate(image, tf.random.stateless_uniform([], seed, 0, 4, tf.int32))
