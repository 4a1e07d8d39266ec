"""Rotation by quarter turns, one of the operations that arXiv 2002.05709 studies (figure 4)."""

import tensorflow as tf

from tf_simclr.data.augment import choose
from tf_simclr.data.augment.operation import Operation

QUARTERS = 4


def rotate(images: tf.Tensor, quarter_turns: tf.Tensor) -> tf.Tensor:
    """Turns pictures counter-clockwise, without losing or mixing pixels.

    Args:
      images: [batch, side, side, channels], of a static batch.
      quarter_turns: int32 [batch], 0 to 3.
    """
    outcomes = [lambda turns=turns: (tf.image.rot90(images, turns),) for turns in range(QUARTERS)]
    return choose.among(outcomes, quarter_turns)[0]


class Rotate(Operation):
    """Turns by 0, 1, 2 or 3 quarters, equally likely (arXiv 1803.07728, section 2.1).

    It acts on images [batch, size, size, 3].
    """

    numbers = 1

    def act(self, pictures: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Turns by as many quarters as the number says."""
        return rotate(pictures, tf.cast(drawn[:, 0] * QUARTERS, tf.int32))


OPERATION = Rotate
