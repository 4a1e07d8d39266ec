"""Colour distortion: jitter in random order, then grayscale (arXiv 2002.05709, appendix A).

All functions take float RGB [..., height, width, 3] in [0, 1]; only `jitter` clips.
"""

import tensorflow as tf

JITTER_PROBABILITY = 0.8
GRAYSCALE_PROBABILITY = 0.2
# Half-widths of the factors' ranges at strength 1: brightness, contrast, saturation, hue.
HALF_WIDTHS = (0.8, 0.8, 0.8, 0.2)
DRAWS = 8  # uniform numbers that `jitter` consumes: four factors, four to sort the operations by


def brightness(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies [..., height, width, 3] by `factor`, >= 0: SimCLRv2's brightness."""
    return image * factor


def additive_brightness(image: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """Adds `delta` in [-1, 1] to [..., height, width, 3]: SimCLRv1's brightness."""
    return image + delta


def contrast(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies by `factor` how far [..., height, width, 3] is from each channel's mean."""
    mean = tf.reduce_mean(image, axis=[-3, -2], keepdims=True)
    return (image - mean) * factor + mean


def saturation(image: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies the saturation in HSV of [..., height, width, 3] by `factor`, >= 0."""
    return tf.image.adjust_saturation(image, factor)


def hue(image: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """Turns the hue in HSV of [..., height, width, 3] by `delta` in [-1, 1], whole turns."""
    return tf.image.adjust_hue(image, delta)


def grayscale(image: tf.Tensor) -> tf.Tensor:
    """Luma of [..., height, width, 3] in all three channels."""
    return tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(image))


def jitter_factors(draws: tf.Tensor, strength: float, *, additive: bool = False) -> tf.Tensor:
    """Factors of brightness, contrast and saturation, and hue's delta: float32 [..., 4].

        factor ~ U[max(1 - d * strength, 0), 1 + d * strength]
        delta ~ U[-d * strength, d * strength]                     (d: HALF_WIDTHS)

    Args:
      draws: float32 [..., 4] uniform in [0, 1).
      strength: >= 0.
      additive: whether brightness is v1's: a delta too.
    """
    half = tf.constant(HALF_WIDTHS) * strength
    deltas = tf.constant([additive, False, False, True])
    high = tf.where(deltas, half, 1.0 + half)
    # Differs from the original: a factor below 0 is an error there.
    low = tf.where(deltas, -half, tf.maximum(1.0 - half, 0.0))
    return low + (high - low) * draws


def jitter_order(draws: tf.Tensor) -> tf.Tensor:
    """A random permutation of the four operations: int32 [..., 4] from uniform draws [..., 4]."""
    return tf.argsort(draws)


def jitter(
    image: tf.Tensor, draws: tf.Tensor, strength: float, *, additive: bool = False
) -> tf.Tensor:
    """The four colour operations in random order, clipped to [0, 1] after each.

    Args:
      image: float32 [height, width, 3].
      draws: float32 [DRAWS] uniform in [0, 1): four for the factors, four for the order.
      strength: >= 0; 1 is the paper's for ImageNet, 0.5 for CIFAR-10.
      additive: whether brightness adds, as in SimCLRv1, instead of multiplying.
    """
    factors = jitter_factors(draws[:4], strength, additive=additive)
    return jitter_in_order(image, factors, jitter_order(draws[4:]), additive=additive)


def jitter_in_order(
    image: tf.Tensor, factors: tf.Tensor, order: tf.Tensor, *, additive: bool = False
) -> tf.Tensor:
    """Applies operation order[0] first, ...: 0 brightness, 1 contrast, 2 saturation, 3 hue.

    Args:
      image: float32 [height, width, 3] in [0, 1].
      factors: float32 [4], as `jitter_factors` returns them.
      order: int32 [4], a permutation of 0..3.
      additive: as in `jitter`.
    """
    operations = (additive_brightness if additive else brightness, contrast, saturation, hue)
    for place in range(len(operations)):
        branches = [
            lambda i=image, o=operation, f=factors[number]: tf.clip_by_value(o(i, f), 0.0, 1.0)
            for number, operation in enumerate(operations)
        ]
        image = tf.switch_case(order[place], branches)
    return image


def distort(image: tf.Tensor, draws: tf.Tensor, strength: float) -> tf.Tensor:
    """Jitter with probability .8, grayscale with probability .2.

    Args:
      image: float32 [height, width, 3].
      draws: float32 [DRAWS + 2] uniform in [0, 1): the first two decide.
      strength: of the jitter, >= 0.
    """
    image = tf.cond(
        draws[0] < JITTER_PROBABILITY, lambda: jitter(image, draws[2:], strength), lambda: image
    )
    return tf.cond(draws[1] < GRAYSCALE_PROBABILITY, lambda: grayscale(image), lambda: image)
