"""Gaussian blur of a batch, on the device (arXiv 2002.05709, appendix A)."""

import dataclasses

import tensorflow as tf

from tf_simclr.data.augment.operation import Operation

SIGMA = (0.1, 2.0)  # pixels
PROBABILITY = 0.5
KERNEL_SHARE = 10  # The kernel is a tenth of the picture's height.


def blur_matrices(sigma: tf.Tensor, length: int, radius: int) -> tf.Tensor:
    """The blur along an axis as a product: float32 [batch, length, length].

    Row i holds exp(-(i - j)^2 / (2 sigma^2)) for |i - j| <= radius, and 0 elsewhere, as shares of
    the whole kernel: its part beyond the border is lost.

    Args:
      sigma: float32 [batch] > 0, standard deviations in pixels.
      length: of the axis, in pixels.
      radius: of the kernel, in pixels.
    """
    narrowness = 0.5 / tf.square(tf.cast(sigma, tf.float32))[:, tf.newaxis]
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    total = tf.reduce_sum(tf.exp(-tf.square(offsets) * narrowness), axis=1)  # [batch]
    places = tf.range(length, dtype=tf.float32)
    distances = tf.abs(places[:, tf.newaxis] - places)
    weights = tf.exp(-tf.square(distances) * narrowness[..., tf.newaxis])
    return tf.where(distances <= radius, weights, 0.0) / total[:, tf.newaxis, tf.newaxis]


def gaussian_blur(images: tf.Tensor, sigma: tf.Tensor, *, kernel_size: int) -> tf.Tensor:
    """Blurs by a separable Gaussian, as two small matrix products for each picture.

    Args:
      images: float [batch, height, width, channels]; channels are blurred separately.
      sigma: standard deviation in pixels, > 0: a scalar for all, or [batch], one for each.
      kernel_size: made odd: 2 * (kernel_size // 2) + 1 pixels; below 2 nothing is blurred.

    Returns:
      As images; bright borders fade, because pixels outside of the picture are 0.
    """
    radius = kernel_size // 2
    if radius == 0:
        return images
    height, width, channels = images.shape[1:]
    sigma = tf.reshape(sigma, [-1])  # A matrix for each picture, or one for all.
    rows, columns = (
        tf.cast(blur_matrices(sigma, length, radius), images.dtype) for length in (height, width)
    )
    images = tf.matmul(rows, tf.reshape(images, [-1, height, width * channels]))
    turned = _exchange_axes(tf.reshape(images, [-1, height, width, channels]))
    turned = tf.matmul(columns, tf.reshape(turned, [-1, width, height * channels]))
    return _exchange_axes(tf.reshape(turned, [-1, width, height, channels]))


def _exchange_axes(images: tf.Tensor) -> tf.Tensor:
    return tf.transpose(images, [0, 2, 1, 3])


@dataclasses.dataclass(frozen=True)
class Blur(Operation):
    """Blurs half of all views: images [batch, size, size, 3].

    Attributes:
      blur_sigma: "image" gives each picture a sigma of its own, as in the paper; "batch" one to all
        of the batch, as in the original code.
    """

    blur_sigma: str = "batch"
    in_the_step = True

    def draw(
        self, seed: tf.Tensor, batch: int | tf.Tensor, size: int
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Which pictures are blurred, bool [batch, 1, 1, 1], and their sigma, [1 or batch]."""
        sigma_seed, gate_seed = tf.unstack(tf.random.split(seed, 2))
        gate = tf.random.stateless_uniform([batch, 1, 1, 1], gate_seed) < PROBABILITY
        count = batch if self.blur_sigma == "image" else 1
        return gate, tf.random.stateless_uniform([count], sigma_seed, *SIGMA)

    def act(self, pictures: tf.Tensor, drawn: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        """Blurs those that were drawn, with a kernel of a tenth of the side."""
        gate, sigma = drawn
        blurred = gaussian_blur(pictures, sigma, kernel_size=pictures.shape[1] // KERNEL_SHARE)
        return tf.where(gate, blurred, pictures)


OPERATION = Blur
