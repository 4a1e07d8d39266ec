"""Mirroring left to right (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

from tf_simclr.data.augment import choose
from tf_simclr.data.augment.operation import Operation


def random_flip(images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
    """Mirrors left to right those pictures whose draw is below one half.

    Args:
      images: [batch, height, width, channels], of a static batch.
      draws: float32 [batch] uniform in [0, 1).
    """
    mirrored, same = lambda: (tf.reverse(images, axis=[2]),), lambda: (images,)
    return choose.where(draws < 0.5, mirrored, same)[0]


class Flip(Operation):
    """Mirrors half of all views: images [batch, size, size, 3]."""

    numbers = 1

    def act(self, pictures: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Mirrors where the number is below one half."""
        return random_flip(pictures, drawn[:, 0])


OPERATION = Flip
