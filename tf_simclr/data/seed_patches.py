"""Seed patches: squares of pictures, drawn by how strong their edges are (arXiv 1406.6909).

Section 2.1 takes N patches at varying positions and scales of different pictures, and only where
there are considerable gradients: a patch is drawn with a probability proportional to its mean
squared gradient.

Each picture offers some squares, drawn by its own seed. Each square gets the time of its first
arrival in a Poisson process of rate w, its mean squared gradient: -log(u) / w with u uniform in
(0, 1]. The N earliest of all squares are drawn, which is drawing one after the other, without
putting back, by probabilities proportional to w (Efraimidis and Spirakis 2006, Information
Processing Letters 97). One pass over the pictures keeps no more than the earliest so far.

All sums are of whole numbers, so machines that add in different orders draw the same patches.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr import progress
from tf_simclr.data.source import Source

# The paper does not say how many patches of a picture may be classes, nor their scales.
OFFERED = 16  # squares of each picture that may be drawn
SMALLEST = 30  # percent of the picture's shorter side; the largest square has all of it
# Pixels. Pictures with twice as many along their shorter side, or more, are shrunk by a whole
# factor first. Gradients are then those of objects and not of noise, pictures of all sizes compare,
# and a large picture takes little memory.
SHORT_SIDE = 64
_AT_ONCE = 64  # pictures


class Seeds(NamedTuple):
    """Patches, each a class of its own, and the colours of the pictures that they were drawn from.

    Attributes:
      names: of each patch's picture, as `Source.records` gives them.
      boxes: int32 [patches, 3], (top, left, side) in pixels of the picture.
      mean: float64 [3], the mean colour of all pixels, in [0, 1].
      axes: float64 [3, 3], the principal components of all pixels in its columns, of length 1.
    """

    names: tuple[str, ...]
    boxes: np.ndarray
    mean: np.ndarray
    axes: np.ndarray


class _Offer(NamedTuple):
    """What one picture offers.

    Attributes:
      boxes: int32 [OFFERED, 3], (top, left, side) in pixels.
      energies: float64 [OFFERED], mean squared gradients; 0 for a square that it offered before.
      uniform: float64 [OFFERED], in [0, 1).
      pixels: float64, how many.
      sums: float64 [3], of the colours of all pixels.
      products: float64 [3, 3], of the products of the colours of each pixel.
    """

    boxes: tf.Tensor
    energies: tf.Tensor
    uniform: tf.Tensor
    pixels: tf.Tensor
    sums: tf.Tensor
    products: tf.Tensor


def draw(source: Source, split: str, count: int, *, seed: int, show: bool = True) -> Seeds:
    """Draws seed patches from a split, in one pass over its pictures.

    Args:
      source: the data.
      split: a split, or a slice of one.
      count: how many patches, >= 1.
      seed: of the run.
      show: whether to show how far it has come.

    Returns:
      The patches, in the order of their pictures.

    Raises:
      ValueError: if the pictures have fewer squares with a gradient.
    """
    pictures = source.num_examples(split)

    @tf.autograph.experimental.do_not_convert
    def offer(place: tf.Tensor, record: dict[str, tf.Tensor]) -> tuple[tf.Tensor, _Offer]:
        own = tf.stack([tf.constant(seed, tf.int64), place])
        return record["name"], offered(source.decode(record["image"]), own)

    batches = (
        source.records(split, names=True)
        .enumerate()
        .map(offer, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(_AT_ONCE)
        .prefetch(1)
        .as_numpy_iterator()
    )
    earliest, colours = Earliest(count), _Colours()
    with progress.Progress("Drawing patches, picture", pictures, show=show) as shown:
        for names, offers in batches:
            earliest.add(names, offers.boxes, arrivals(offers.uniform, offers.energies))
            colours.add(offers)
            shown.advance(len(names))
    found, boxes = earliest.drawn()
    if len(found) < count:
        raise ValueError(
            f"`count` must not be more than the patches that can be cut: {pictures} pictures offer"
            f" {len(found)} different squares with a gradient. Received: count={count}."
        )
    return Seeds(tuple(name.decode() for name in found), boxes, *colours.components())


def offered(picture: tf.Tensor, seed: tf.Tensor) -> _Offer:
    """The squares that a picture offers, with their mean squared gradients.

    Args:
      picture: uint8 [height, width, 3].
      seed: integer [2], its own.
    """
    factor = tf.maximum(tf.reduce_min(tf.shape(picture)[:2]) // SHORT_SIDE, 1)
    pixels = _shrunk(picture, factor)
    height, width = tf.unstack(tf.shape(pixels)[:2])
    of_boxes, of_arrivals = tf.unstack(tf.random.split(seed, 2))
    boxes = _boxes(height, width, of_boxes)
    uniform = tf.random.stateless_uniform([OFFERED], of_arrivals, dtype=tf.float64)
    new = ~tf.reduce_any(
        tf.linalg.band_part(tf.reduce_all(boxes[:, tf.newaxis] == boxes, axis=-1), -1, 0)
        & ~tf.eye(OFFERED, dtype=tf.bool),
        axis=1,
    )
    level = 255 * tf.cast(factor, tf.float64) ** 2  # of white, in `pixels`
    energies = tf.where(new, mean_squared_gradients(pixels, boxes) / level**2, 0)
    flat = tf.reshape(pixels, [-1, 3])
    products = tf.matmul(flat, flat, transpose_a=True)
    return _Offer(
        boxes=boxes * factor,
        energies=energies,
        uniform=uniform,
        pixels=tf.cast(height * width, tf.float64),
        sums=tf.cast(tf.reduce_sum(flat, axis=0), tf.float64) / level,
        products=tf.cast(products, tf.float64) / level**2,
    )


def mean_squared_gradients(pixels: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    """The mean of (dx^2 + dy^2) over squares of a picture, summed over its channels.

    dx and dy are differences of neighbouring pixels that are both in the square.

    Args:
      pixels: int64 [height, width, channels].
      boxes: int32 [boxes, 3], (top, left, side), inside the picture.

    Returns:
      float64 [boxes]; 0 for a square of one pixel.
    """
    down = _summed_area(tf.reduce_sum((pixels[1:] - pixels[:-1]) ** 2, axis=-1))
    right = _summed_area(tf.reduce_sum((pixels[:, 1:] - pixels[:, :-1]) ** 2, axis=-1))
    top, left, side = tf.unstack(boxes, axis=1)
    total = _within(down, top, left, side - 1, side) + _within(right, top, left, side, side - 1)
    # As many neighbours below each other as side by side.
    return tf.math.divide_no_nan(tf.cast(total, tf.float64), tf.cast(side * (side - 1), tf.float64))


def arrivals(uniform: np.ndarray, energies: np.ndarray) -> np.ndarray:
    """Times of first arrivals: -log(1 - uniform) / energies; infinite where the energy is 0.

    Args:
      uniform: float64 of any shape, in [0, 1).
      energies: float64 of the same shape, >= 0.
    """
    waits = -np.log1p(-uniform)
    return np.divide(waits, energies, out=np.full_like(waits, np.inf), where=energies > 0)


class Earliest:
    """The earliest of a stream of squares; of those that arrive together, the first in the stream.

    Args:
      count: how many are kept.
    """

    def __init__(self, count: int):
        self._count = count
        self._times: np.ndarray = np.zeros(0)
        self._names: np.ndarray = np.zeros(0, object)
        self._boxes: np.ndarray = np.zeros([0, 3], np.int32)
        self._last = np.inf  # Nothing that arrives later can be among them.

    def add(self, names: np.ndarray, boxes: np.ndarray, times: np.ndarray) -> None:
        """Adds the squares of some pictures.

        Args:
          names: bytes [pictures].
          boxes: int32 [pictures, squares, 3].
          times: float64 [pictures, squares], of their arrivals; one that is infinite is left out.
        """
        early = times < self._last
        self._times = np.concatenate([self._times, times[early]])
        self._boxes = np.concatenate([self._boxes, boxes[early]])
        self._names = np.concatenate([self._names, names[np.nonzero(early)[0]]])
        if len(self._times) > 2 * self._count:
            self._keep()

    def drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Names [found] and boxes int32 [found, 3] of the earliest, in the order of the stream."""
        self._keep()
        return self._names, self._boxes

    def _keep(self) -> None:
        first = np.argsort(self._times, kind="stable")[: self._count]
        if len(first) == self._count:
            self._last = self._times[first[-1]]
        rows = np.sort(first)
        self._times, self._names = self._times[rows], self._names[rows]
        self._boxes = self._boxes[rows]


class _Colours:
    """Mean and principal components of the colours of all pixels."""

    def __init__(self) -> None:
        self._pixels, self._sums, self._products = 0.0, np.zeros(3), np.zeros([3, 3])

    def add(self, offers: _Offer) -> None:
        """Adds some pictures, one after the other: the order of a sum must not change."""
        for pixels, sums, products in zip(offers.pixels, offers.sums, offers.products):
            self._pixels += pixels
            self._sums += sums
            self._products += products

    def components(self) -> tuple[np.ndarray, np.ndarray]:
        """(mean [3], axes [3, 3]), as Seeds has them."""
        mean = self._sums / self._pixels
        covariance = self._products / self._pixels - np.outer(mean, mean)
        return mean, np.linalg.eigh(covariance)[1]


def _shrunk(picture: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Sums of squares of factor * factor pixels: int64 [height // factor, width // factor, 3]."""
    height, width = tf.unstack(tf.shape(picture)[:2] // factor)
    whole = tf.cast(picture[: height * factor, : width * factor], tf.int32)
    squares = tf.reshape(whole, [height, factor, width, factor, 3])
    return tf.cast(tf.reduce_sum(squares, axis=[1, 3]), tf.int64)


def _boxes(height: tf.Tensor, width: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Draws squares inside a picture: int32 [OFFERED, 3], (top, left, side).

    All sides are equally likely, and all places of a square of that side.
    """
    # Whole numbers of 64 bits: their remainders are uniform but for one part in 2^32.
    numbers = tf.random.stateless_uniform([3, OFFERED], seed, None, None, tf.int64)
    side, top, left = tf.unstack(numbers)
    height, width = tf.cast(height, tf.int64), tf.cast(width, tf.int64)
    largest = tf.minimum(height, width)
    smallest = (SMALLEST * largest + 99) // 100
    side = smallest + side % (largest - smallest + 1)
    places = [top % (height - side + 1), left % (width - side + 1)]
    return tf.cast(tf.stack([*places, side], axis=1), tf.int32)


def _summed_area(values: tf.Tensor) -> tf.Tensor:
    """[height, width] -> [height + 1, width + 1], sums over all that is above and to the left."""
    return tf.pad(tf.cumsum(tf.cumsum(values, axis=0), axis=1), [[1, 0], [1, 0]])


def _within(
    table: tf.Tensor, top: tf.Tensor, left: tf.Tensor, height: tf.Tensor, width: tf.Tensor
) -> tf.Tensor:
    """Sums over rectangles by a summed-area table, [boxes]."""

    def at(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return tf.gather_nd(table, tf.stack([row, column], axis=1))

    bottom, right = top + height, left + width
    return at(bottom, right) - at(top, right) - at(bottom, left) + at(top, left)
