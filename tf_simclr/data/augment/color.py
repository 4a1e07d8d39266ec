"""Colour jitter: four operations in random order (arXiv 2002.05709, appendix A).

Pictures come as planes, float [batch, pixels] each. Only `jitter_in_order` clips. Saturation and
hue are those of HSV, but without a conversion: both leave a pixel's largest channel as it is.
"""

import dataclasses

import tensorflow as tf

from tf_simclr.data.augment import choose
from tf_simclr.data.augment.operation import Operation, Planes

PROBABILITY = 0.8
# Half-widths of the factors' ranges at strength 1: brightness, contrast, saturation, hue.
HALF_WIDTHS = (0.8, 0.8, 0.8, 0.2)
JITTER_DRAWS = 8  # uniform numbers: four factors, four to sort the operations by


def brightness(planes: Planes, factor: tf.Tensor) -> Planes:
    """Multiplies by `factor` [batch, 1], >= 0: SimCLRv2's brightness."""
    return tuple(plane * factor for plane in planes)


def additive_brightness(planes: Planes, delta: tf.Tensor) -> Planes:
    """Adds `delta` [batch, 1] in [-1, 1]: SimCLRv1's brightness."""
    return tuple(plane + delta for plane in planes)


def contrast(planes: Planes, factor: tf.Tensor) -> Planes:
    """Multiplies each channel's distance from its mean over the picture by `factor` [batch, 1]."""
    means = [tf.reduce_mean(plane, axis=-1, keepdims=True) for plane in planes]
    return tuple((plane - mean) * factor + mean for plane, mean in zip(planes, means))


def saturation(planes: Planes, factor: tf.Tensor) -> Planes:
    """Multiplies the saturation in HSV by `factor` [batch, 1], >= 0, up to a saturation of 1.

    Saturation is (largest - smallest) / largest, and each channel's distance from the largest is
    proportional to it.
    """
    largest, smallest = largest_channel(planes), smallest_channel(planes)
    # At this limit the smallest channel is 0.
    limit = tf.math.divide_no_nan(largest, largest - smallest)
    scale = tf.maximum(tf.minimum(factor, limit), 0.0)
    return tuple(largest - (largest - plane) * scale for plane in planes)


def hue(planes: Planes, delta: tf.Tensor) -> Planes:
    """Turns the hue in HSV by `delta` [batch, 1] in [-1, 1], in whole turns.

    Along the circle, in sixths of a turn, each channel is the same trapezium between the largest
    and the smallest of the three, shifted by a third of a turn from channel to channel.
    """
    red, green, blue = planes
    largest = largest_channel(planes)
    chroma = largest - smallest_channel(planes)
    sixths = tf.where(
        largest == red,
        tf.math.divide_no_nan(green - blue, chroma),
        tf.where(
            largest == green,
            2.0 + tf.math.divide_no_nan(blue - red, chroma),
            4.0 + tf.math.divide_no_nan(red - green, chroma),
        ),
    )
    turned = sixths + 6.0 * delta

    def channel(offset: float) -> tf.Tensor:
        place = turned + offset
        place -= 6.0 * tf.floor(place / 6.0)  # in [0, 6)
        below = tf.clip_by_value(tf.minimum(place, 4.0 - place), 0.0, 1.0)
        return largest - chroma * below

    return channel(5.0), channel(3.0), channel(1.0)


def jitter_factors(draws: tf.Tensor, strength: float, *, additive: bool = False) -> tf.Tensor:
    """Factors of brightness, contrast and saturation, and hue's delta: float32 [batch, 4].

        factor ~ U[max(1 - d * strength, 0), 1 + d * strength]
        delta ~ U[-d * strength, d * strength]                     (d: HALF_WIDTHS)

    Args:
      draws: float32 [batch, 4] uniform in [0, 1).
      strength: >= 0.
      additive: whether brightness is that of v1, also a delta.
    """
    half = tf.constant(HALF_WIDTHS) * strength
    deltas = tf.constant([additive, False, False, True])
    high = tf.where(deltas, half, 1.0 + half)
    # Differs from the original, where a factor below 0 is an error.
    low = tf.where(deltas, -half, tf.maximum(1.0 - half, 0.0))
    return low + (high - low) * draws


def jitter_order(draws: tf.Tensor) -> tf.Tensor:
    """A random permutation of the four operations: int32 [batch, 4] from uniform draws."""
    return tf.argsort(draws)


def jitter(planes: Planes, draws: tf.Tensor, strength: float, *, additive: bool = False) -> Planes:
    """The four colour operations in an order drawn for each picture, clipped after each.

    Args:
      planes: float32, of a static batch.
      draws: float32 [batch, JITTER_DRAWS] uniform in [0, 1): factors, then order.
      strength: >= 0; 1 is the paper's for ImageNet, 0.5 for CIFAR-10.
      additive: whether brightness adds, as in SimCLRv1, instead of multiplying.
    """
    factors = jitter_factors(draws[:, :4], strength, additive=additive)
    return jitter_in_order(planes, factors, jitter_order(draws[:, 4:]), additive=additive)


def jitter_in_order(
    planes: Planes, factors: tf.Tensor, order: tf.Tensor, *, additive: bool = False
) -> Planes:
    """Applies operation order[:, 0] first, ...: 0 brightness, 1 contrast, 2 saturation, 3 hue.

    Args:
      planes: float32, of a static batch.
      factors: float32 [batch, 4], as `jitter_factors` returns them.
      order: int32 [batch, 4], permutations of 0..3.
      additive: as in `jitter`.

    Returns:
      Planes in [0, 1].
    """
    operations = (additive_brightness if additive else brightness, contrast, saturation, hue)

    def apply(place: tf.Tensor, current: Planes) -> tuple[tf.Tensor, Planes]:
        outcomes = [
            lambda act=operation, factor=factors[:, number, tf.newaxis]: tuple(
                tf.clip_by_value(plane, 0.0, 1.0) for plane in act(current, factor)
            )
            for number, operation in enumerate(operations)
        ]
        return place + 1, choose.among(outcomes, tf.gather(order, place, axis=1))

    # A loop, not four copies: XLA takes seconds to compile each.
    _, planes = tf.while_loop(lambda place, _: place < len(operations), apply, (0, tuple(planes)))
    return planes


def largest_channel(planes: Planes) -> tf.Tensor:
    """The largest of each pixel's three channels, [batch, pixels]: the value in HSV."""
    return tf.maximum(tf.maximum(planes[0], planes[1]), planes[2])


def smallest_channel(planes: Planes) -> tf.Tensor:
    """The smallest of each pixel's three channels, [batch, pixels]."""
    return tf.minimum(tf.minimum(planes[0], planes[1]), planes[2])


@dataclasses.dataclass(frozen=True)
class Color(Operation):
    """Jitters four fifths of all views: planes of [batch, pixels].

    Attributes:
      color_jitter_strength: >= 0; 1 is the paper's for ImageNet, 0.5 for CIFAR-10.
    """

    color_jitter_strength: float = 1.0
    numbers = 1 + JITTER_DRAWS
    on_planes = True

    def act(self, pictures: Planes, drawn: tf.Tensor) -> Planes:
        """Jitters by the other numbers where the first is below PROBABILITY."""
        return choose.where(
            drawn[:, 0] < PROBABILITY,
            lambda: jitter(pictures, drawn[:, 1:], self.color_jitter_strength),
            lambda: tuple(pictures),
        )


OPERATION = Color
