"""Gaussian blur of a batch, on the device (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

SIGMA = (0.1, 2.0)  # pixels
PROBABILITY = 0.5
KERNEL_SHARE = 10  # The kernel is a tenth of the picture's height.


def blur_matrices(sigma: tf.Tensor, length: int, radius: int) -> tf.Tensor:
    """The blur along an axis as a product: float32 [batch, length, length].

    Row i holds exp(-(i - j)^2 / (2 sigma^2)) for |i - j| <= radius, and 0 elsewhere, as shares of
    the whole kernel: what reaches over the border is lost.

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
    """Blurs by a separable Gaussian, as two small matrix products a picture.

    Args:
      images: float [batch, height, width, channels]; channels are blurred apart.
      sigma: standard deviation in pixels, > 0: a scalar for all, or [batch], one for each.
      kernel_size: is made odd: 2 * (kernel_size // 2) + 1 pixels; below 2 nothing is blurred.

    Returns:
      As images; what is bright at the border fades, because outside of the picture is 0.
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


def random_sigma(seed: tf.Tensor, count: int | tf.Tensor = 1) -> tf.Tensor:
    """Draws standard deviations of a blur in pixels: float32 [count], uniform in SIGMA."""
    return tf.random.stateless_uniform([count], seed, *SIGMA)


def blur_where(gate: tf.Tensor, images: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Blurs some pictures of a batch; clips all to [0, 1].

    Args:
      gate: bool [batch, 1, 1, 1], true for those to be blurred.
      images: float [batch, height, width, channels]; the kernel is height // KERNEL_SHARE wide.
      sigma: standard deviation in pixels, > 0: a scalar for all, or [batch], one for each.
    """
    blurred = gaussian_blur(images, sigma, kernel_size=images.shape[1] // KERNEL_SHARE)
    return tf.clip_by_value(tf.where(gate, blurred, images), 0.0, 1.0)


def random_blur(images: tf.Tensor, seed: tf.Tensor, *, sigma_per_image: bool = False) -> tf.Tensor:
    """Blurs each picture of a batch with probability one half; clips to [0, 1].

    Args:
      images: float [batch, height, width, 3] in [0, 1].
      seed: integer [2].
      sigma_per_image: whether each picture has a sigma of its own, as in the paper, or the batch
        has one, as in the original code.

    Returns:
      As images, in [0, 1].
    """
    sigma_seed, gate_seed = tf.unstack(tf.random.split(seed, 2))
    batch = tf.shape(images)[0]
    gate = tf.random.stateless_uniform([batch, 1, 1, 1], gate_seed) < PROBABILITY
    return blur_where(gate, images, random_sigma(sigma_seed, batch if sigma_per_image else 1))
