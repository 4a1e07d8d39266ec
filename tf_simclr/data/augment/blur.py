"""Gaussian blur of a batch, on the device (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

SIGMA = (0.1, 2.0)  # pixels
PROBABILITY = 0.5
KERNEL_SHARE = 10  # The kernel is a tenth of the picture's height.


def gaussian_kernel(sigma: tf.Tensor, radius: int) -> tf.Tensor:
    """exp(-x^2 / (2 sigma^2)) at x = -radius..radius, of sum 1: float32 [2 * radius + 1]."""
    x = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-tf.square(x) / (2.0 * tf.square(sigma)))
    return kernel / tf.reduce_sum(kernel)


def gaussian_blur(images: tf.Tensor, sigma: tf.Tensor, *, kernel_size: int) -> tf.Tensor:
    """Blurs float [batch, height, width, channels] by a separable Gaussian.

    Args:
      images: the batch; channels are blurred apart.
      sigma: standard deviation in pixels, a scalar > 0.
      kernel_size: is made odd: 2 * (kernel_size // 2) + 1 pixels; below 2 nothing is blurred.

    Returns:
      As images; what is bright at the border fades, because outside of the picture is 0.
    """
    radius = kernel_size // 2
    if radius == 0:
        return images
    channels = images.shape[-1]
    kernel = tf.cast(gaussian_kernel(sigma, radius), images.dtype)
    for shape in ([-1, 1, 1, 1], [1, -1, 1, 1]):
        depthwise = tf.tile(tf.reshape(kernel, shape), [1, 1, channels, 1])
        images = tf.nn.depthwise_conv2d(images, depthwise, strides=[1, 1, 1, 1], padding="SAME")
    return images


def random_sigma(seed: tf.Tensor) -> tf.Tensor:
    """Draws the standard deviation of a blur in pixels: a scalar, uniform in SIGMA."""
    return tf.random.stateless_uniform([], seed, *SIGMA)


def blur_where(gate: tf.Tensor, images: tf.Tensor, sigma: tf.Tensor) -> tf.Tensor:
    """Blurs some pictures of a batch; clips all to [0, 1].

    Args:
      gate: bool [batch, 1, 1, 1], true for those to be blurred.
      images: float [batch, height, width, channels]; the kernel is height // KERNEL_SHARE wide.
      sigma: standard deviation in pixels, a scalar > 0.
    """
    blurred = gaussian_blur(images, sigma, kernel_size=images.shape[1] // KERNEL_SHARE)
    return tf.clip_by_value(tf.where(gate, blurred, images), 0.0, 1.0)


def random_blur(images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Blurs each picture of a batch with probability one half, all with one sigma; clips to [0, 1].

    Args:
      images: float [batch, height, width, 3] in [0, 1].
      seed: integer [2].

    Returns:
      As images, in [0, 1].
    """
    sigma_seed, gate_seed = tf.unstack(tf.random.split(seed, 2))
    gate = tf.random.stateless_uniform([tf.shape(images)[0], 1, 1, 1], gate_seed) < PROBABILITY
    return blur_where(gate, images, random_sigma(sigma_seed))
