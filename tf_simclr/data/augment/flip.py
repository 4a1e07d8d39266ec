"""Mirroring left to right (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

from tf_simclr.data.augment import choose
from tf_simclr.data.augment.operation import Operation


class Flip(Operation):
    """Mirrors half of all views left to right: images [batch, size, size, 3]."""

    numbers = 1

    def act(self, pictures: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Mirrors where the number is below one half."""
        mirrored, same = lambda: (tf.reverse(pictures, axis=[2]),), lambda: (pictures,)
        return choose.where(drawn[:, 0] < 0.5, mirrored, same)[0]


OPERATION = Flip
