"""Cutout (arXiv 1708.04552), one of the operations that arXiv 2002.05709 studies (figure 4)."""

import tensorflow as tf

from tf_simclr.data.augment.operation import Operation

# Of the side: 16 of CIFAR-10's 32 pixels, section 4.1 of the cutout paper.
SHARE = 0.5
# Middle grey. The paper cuts to the mean of normalised pictures; ours are in [0, 1].
FILL = 0.5


def cutout(images: tf.Tensor, centers: tf.Tensor, size: int, *, fill: float = FILL) -> tf.Tensor:
    """Fills a square of each picture; its part beyond the border is lost.

    Args:
      images: float [batch, height, width, channels].
      centers: int32 [batch, 2] = (row, column). The square has the rows from row - size // 2 to
        row + size // 2 - 1, and the same for columns.
      size: its side in pixels, even.
      fill: the value of all channels in it.

    Raises:
      ValueError: for a size that is odd or below 0.
    """
    if size % 2 or size < 0:
        raise ValueError(f"`size` must be even and >= 0. Received: size={size!r}.")
    height, width = tf.shape(images)[1], tf.shape(images)[2]
    rows = _inside(height, centers[:, 0], size // 2)  # [batch, height]
    columns = _inside(width, centers[:, 1], size // 2)  # [batch, width]
    square = (rows[:, :, tf.newaxis] & columns[:, tf.newaxis, :])[..., tf.newaxis]
    return tf.where(square, tf.cast(fill, images.dtype), images)


def _inside(length: tf.Tensor, centers: tf.Tensor, half: int) -> tf.Tensor:
    offsets = tf.range(length) - centers[:, tf.newaxis]  # [batch, length]
    return (offsets >= -half) & (offsets < half)


class Cutout(Operation):
    """Cuts a square of half the side out of each view, around any of its pixels.

    It acts on images [batch, size, size, 3]; the two numbers of a view are the square's centre.
    """

    numbers = 2

    def act(self, pictures: tf.Tensor, drawn: tf.Tensor) -> tf.Tensor:
        """Cuts the square around the pixel given by two numbers."""
        side = pictures.shape[1]
        return cutout(pictures, tf.cast(drawn * side, tf.int32), 2 * round(side * SHARE / 2))


OPERATION = Cutout
