"""Grayscale (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

from tf_simclr.data.augment import choose
from tf_simclr.data.augment.operation import Operation, Planes

PROBABILITY = 0.2
LUMA = (0.2989, 0.5870, 0.1140)  # ITU-R BT.601


def grayscale(planes: Planes) -> Planes:
    """Luma in all three channels."""
    luma = sum(weight * plane for weight, plane in zip(LUMA, planes))
    return luma, luma, luma


class Gray(Operation):
    """Removes the colour from a fifth of all views: planes of [batch, pixels]."""

    numbers = 1
    on_planes = True

    def act(self, pictures: Planes, drawn: tf.Tensor) -> Planes:
        """Removes the colour where the number is below PROBABILITY."""
        return choose.where(
            drawn[:, 0] < PROBABILITY, lambda: grayscale(pictures), lambda: pictures
        )


OPERATION = Gray
