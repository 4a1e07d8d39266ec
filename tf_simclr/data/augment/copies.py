"""Copies of a seed patch, each changed at random (arXiv 1406.6909, section 2.1).

The paper's transformations in its ranges, all composed: translation, scale and rotation in one
resampling, then contrast along the principal components of all pixels, contrast of saturation and
value, and hue. All draws come from the copy's own seed.
"""

import dataclasses
import functools
import math
from collections.abc import Callable

import tensorflow as tf

from tf_simclr import host_xla
from tf_simclr.data.augment.color import hue, largest_channel, smallest_channel
from tf_simclr.data.augment.operation import Planes, to_images, to_planes

TRANSLATION = 0.2  # of the patch's side, at most, each way
SCALE = (0.7, 1.4)
ROTATION = 20.0  # degrees, at most, either way
COMPONENTS = (0.5, 2.0)  # factors, one for each principal component
POWER, FACTOR, SHIFT = (0.25, 4.0), (0.7, 1.4), 0.1  # of saturation and value
HUE = 0.1  # of a whole turn, at most, either way
# Translation down and right, scale, rotation; three components; power, factor and shift of
# saturation and of value; hue.
_PLACED, _COMPONENTS, _SATURATION, _VALUE, _HUE = 4, 3, 3, 3, 1
DRAWS = _PLACED + _COMPONENTS + _SATURATION + _VALUE + _HUE

# A batch before its colours are changed: "patches" float32 [batch, size, size, 3] in levels of 0 to
# 255, and "draws" float32 [batch, DRAWS - 4].
Placed = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Copies:
    """Makes copies of patches.

    Attributes:
      size: side of a copy in pixels.
      mean: the mean colour of all pixels, three numbers in [0, 1].
      axes: the principal components of all pixels: three columns of length 1, row by row.
    """

    size: int
    mean: tuple[float, ...]
    axes: tuple[tuple[float, ...], ...]

    def windows(self, shape: tf.Tensor, box: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """What a copy shows of its picture: int32 [2, 4], rows of (top, left, height, width).

        Args:
          shape: int32 [3], the picture's.
          box: int32 [3], the patch: (top, left, side) inside the picture.
          seed: integer [2], the copy's.

        Returns:
          A window with all pixels that the copy is made of, and the patch.
        """
        matrix, centre = placement(box, self._draws(seed)[:_PLACED])
        reach = tf.reduce_sum(tf.abs(matrix), axis=1) / 2  # from the centre, down and to the right
        low = tf.cast(tf.floor(centre - reach), tf.int32) - 1
        high = tf.cast(tf.math.ceil(centre + reach), tf.int32) + 1
        begin, end = tf.maximum(low, 0), tf.minimum(high, shape[:2])
        patch = tf.concat([box, box[2:]], axis=0)
        return tf.stack([tf.concat([begin, end - begin], axis=0), patch])

    def place(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> Placed:
        """Resamples one copy, once; what lies outside of the picture is its mirror image.

        Args:
          picture: uint8 [height, width, 3], which holds the windows; where it is only a part of a
            picture, the copy reads nothing outside of it but beyond the picture's own borders.
          windows: int32 [2, 4], as `windows` gives them, in this part.
          seed: integer [2], the copy's.

        Returns:
          The elements of Placed, without their batch.
        """
        draws = self._draws(seed)
        matrix, centre = placement(tf.gather(windows[1], [0, 1, 2]), draws[:_PLACED])
        # Pixel i of the copy has its centre at (i + 1/2) / size - 1/2, that of the picture at i +
        # 1/2. The operation counts in pixels, and x before y.
        step = matrix / self.size
        first = centre - 0.5 + tf.reduce_sum(matrix, axis=1) * (0.5 / self.size - 0.5)
        (down_by_row, down_by_column), (right_by_row, right_by_column) = map(
            tf.unstack, tf.unstack(step)
        )
        transform = [right_by_column, right_by_row, first[1], down_by_column, down_by_row, first[0]]
        # Differs from the paper: it does not say how it resamples, and what lies outside.
        patches = tf.raw_ops.ImageProjectiveTransformV3(
            images=tf.cast(picture, tf.float32)[tf.newaxis],
            transforms=tf.stack([*transform, 0.0, 0.0])[tf.newaxis],
            output_shape=[self.size, self.size],
            fill_value=0.0,
            interpolation="BILINEAR",
            fill_mode="REFLECT",
        )
        patch = tf.ensure_shape(patches[0], [self.size, self.size, 3])
        return {"patches": patch, "draws": draws[_PLACED:]}

    def make(self, placed: Placed) -> tf.Tensor:
        """Changes the colours of a batch of copies.

        Args:
          placed: of a static batch.

        Returns:
          float32 [batch, size, size, 3] in [0, 1].
        """
        sizes = [_COMPONENTS, _SATURATION, _VALUE, _HUE]
        components, of_saturation, of_value, turn = tf.split(placed["draws"], sizes, axis=1)
        planes = to_planes(placed["patches"] / 255.0)
        planes = component_contrast(
            planes, between(components, COMPONENTS), mean=self.mean, axes=self.axes
        )
        planes = tuple(tf.clip_by_value(plane, 0.0, 1.0) for plane in planes)
        planes = saturation_value_contrast(planes, _curve(of_saturation), _curve(of_value))
        planes = hue(planes, HUE * (2 * turn - 1))
        return tf.clip_by_value(to_images(planes, self.size, self.size), 0.0, 1.0)

    def _draws(self, seed: tf.Tensor) -> tf.Tensor:
        return tf.random.stateless_uniform([DRAWS], seed)


@functools.cache
def compiled(copies: Copies) -> Callable[[Placed], tf.Tensor]:
    """`copies.make` as host_xla.compiled gives it, for batches of any shape.

    Equal copies share one function.
    """
    return host_xla.compiled(copies.make)


def placement(box: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where a copy lies in its picture.

        place in the picture  =  centre + matrix (place in the copy, from -1/2 to 1/2)

    Args:
      box: int32 [3], (top, left, side) in pixels.
      draws: float32 [4] uniform in [0, 1): translation down and to the right, scale, rotation.

    Returns:
      float32 [2, 2] and [2], in pixels down and to the right.
    """
    corner, side = tf.cast(box[:2], tf.float32), tf.cast(box[2], tf.float32)
    centre = corner + side * (0.5 + TRANSLATION * (2 * draws[:2] - 1))
    length = side * between(draws[2], SCALE)
    angle = math.radians(ROTATION) * (2 * draws[3] - 1)
    along, across = length * tf.cos(angle), length * tf.sin(angle)
    return tf.reshape(tf.stack([along, across, -across, along]), [2, 2]), centre


def between(draws: tf.Tensor, ends: tuple[float, float]) -> tf.Tensor:
    """Factors between `ends`, by draws uniform in [0, 1) of any shape, which they keep.

    Their logarithms are uniform: halving is as likely as doubling.
    """
    # Differs from the paper: it gives the ranges, but not the distributions.
    low, high = map(math.log, ends)
    return tf.exp(low + (high - low) * draws)


def component_contrast(
    planes: Planes,
    factors: tf.Tensor,
    *,
    mean: tuple[float, ...],
    axes: tuple[tuple[float, ...], ...],
) -> Planes:
    """Multiplies each pixel's principal components: mean + A diag(factors) A' (pixel - mean).

    Args:
      planes: three of [batch, pixels].
      factors: [batch, 3].
      mean: of all pixels of the data, three numbers.
      axes: A, the principal components in its columns.
    """
    columns = tf.constant(axes, factors.dtype)
    matrix = tf.einsum("ik,bk,jk->bij", columns, factors, columns)
    centred = [plane - middle for plane, middle in zip(planes, mean)]
    return tuple(
        mean[row] + sum(matrix[:, row, k, tf.newaxis] * centred[k] for k in range(3))
        for row in range(3)
    )


def saturation_value_contrast(
    planes: Planes, of_saturation: tuple[tf.Tensor, ...], of_value: tuple[tf.Tensor, ...]
) -> Planes:
    """Changes saturation and value in HSV: x -> factor * x ** power + shift, clipped to [0, 1].

    Value is a pixel's largest channel, and saturation (largest - smallest) / largest. A gray pixel
    has no hue, and stays gray.

    Args:
      planes: three of [batch, pixels], in [0, 1].
      of_saturation: power, factor and shift, [batch, 1] each.
      of_value: the same for the value.
    """
    largest = largest_channel(planes)
    chroma = largest - smallest_channel(planes)
    saturation = _changed(tf.math.divide_no_nan(chroma, largest), *of_saturation)
    value = _changed(largest, *of_value)
    # A channel's distance from the largest, in shares of the chroma, is the hue's: it stays.
    return tuple(
        value * (1 - saturation * tf.math.divide_no_nan(largest - plane, chroma))
        for plane in planes
    )


def _changed(values: tf.Tensor, power: tf.Tensor, factor: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    return tf.clip_by_value(factor * values**power + shift, 0.0, 1.0)


def _curve(draws: tf.Tensor) -> tuple[tf.Tensor, ...]:
    """Power, factor and shift, [batch, 1] each, by draws [batch, 3] uniform in [0, 1)."""
    power, factor, shift = tf.split(draws, 3, axis=1)
    return between(power, POWER), between(factor, FACTOR), SHIFT * (2 * shift - 1)
