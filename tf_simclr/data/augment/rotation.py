"""Rotation by quarter turns, one of the operations that arXiv 2002.05709 studies (figure 4)."""

import tensorflow as tf

from tf_simclr.data.augment import choose

QUARTERS = 4


def rotate(images: tf.Tensor, quarter_turns: tf.Tensor) -> tf.Tensor:
    """Turns pictures counter-clockwise, without a pixel lost or mixed.

    Args:
      images: [batch, side, side, channels], of a static batch.
      quarter_turns: int32 [batch], 0 to 3.
    """
    outcomes = [lambda turns=turns: (tf.image.rot90(images, turns),) for turns in range(QUARTERS)]
    return choose.among(outcomes, quarter_turns)[0]


def random_rotation(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Turns each picture by 0, 1, 2 or 3 quarters, equally likely (arXiv 1803.07728, section 2.1).

    Args:
      images: [batch, side, side, channels], of a static batch.
      draws: float32 [batch, 2] uniform in [0, 1), of which the first is used.
    """
    return rotate(images, tf.cast(draws[:, 0] * QUARTERS, tf.int32))
