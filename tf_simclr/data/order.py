"""The order in which an epoch reads files that can be read only from their start.

The files' parts are laid in a circle, in an order drawn for the epoch. Reading starts at a place
drawn in the first part, so that even a single file starts elsewhere in each epoch. The circle is
cut into windows of about a given size, and each window is shuffled on its own:

    parts of three files     a a a a | b b b b | c c c c
    an epoch                 b b | a a a a | c c c c | b b
    its windows, shuffled   [b a a b a a] [c c b c b c]

All of it follows from the seed, the epoch and the window's number. So a run that resumes at any
place begins with the window that holds the place, and reads no window before it.
"""

from typing import NamedTuple

import tensorflow as tf

# Of the order that a seed gives; version 1 drew from a buffer that slid along the files.
VERSION = 2
# What is drawn for an epoch, each by a seed of its own.
_PARTS, _ENTRY, _WINDOWS = range(3)


class Pieces(NamedTuple):
    """Pieces of parts, int64 [pieces] each: number of the part, first record, one past the last."""

    part: tf.Tensor
    start: tf.Tensor
    stop: tf.Tensor


class Stretches(NamedTuple):
    """Runs of pieces that are read together, int64 [stretches] each.

    Attributes:
      first: its first piece.
      pieces: how many it has.
      begin: how many records of the epoch come before it.
      width: records in each of its windows; the last may have fewer.
      window: how many windows of the epoch come before it.
    """

    first: tf.Tensor
    pieces: tf.Tensor
    begin: tf.Tensor
    width: tf.Tensor
    window: tf.Tensor


def permuted(values: tf.Tensor, seed: int, epoch: tf.Tensor) -> tf.Tensor:
    """The values in a random order of the epoch's own.

    Args:
      values: int64 [count].
      seed: of the run.
      epoch: int64 scalar.

    Returns:
      int64 [count].
    """
    return tf.random.experimental.stateless_shuffle(values, _drawing(seed, epoch, _PARTS))


def pieces(sizes: tf.Tensor, seed: int, epoch: tf.Tensor) -> Pieces:
    """What an epoch reads, piece by piece.

    Args:
      sizes: int64 [parts], records of each part, at least 1.
      seed: of the run.
      epoch: int64 scalar.

    Returns:
      All parts, the first of them in two pieces, unless reading starts at its start.
    """
    part = permuted(tf.range(tf.size(sizes, tf.int64)), seed, epoch)
    stop = tf.gather(sizes, part)
    drawing = _drawing(seed, epoch, _ENTRY)
    entry = tf.random.stateless_uniform([1], drawing, 0, stop[0], tf.int64)
    start = tf.concat([entry, tf.zeros_like(stop)], axis=0)
    part, stop = tf.concat([part, part[:1]], axis=0), tf.concat([stop, entry], axis=0)
    there = start < stop
    return Pieces(*(tf.boolean_mask(each, there) for each in (part, start, stop)))


def stretches(sizes: tf.Tensor, window: int) -> Stretches:
    """Groups pieces so that small ones fill a window together, and large ones fill several.

    Pieces that begin in the same multiple of `window` are read together. Their windows are as equal
    as possible: from .5 to 1.5 times `window`, unless the stretch is smaller.

    Args:
      sizes: int64 [pieces], records of each piece.
      window: records that a window should have, at least 1.
    """
    begins = tf.cumsum(sizes, exclusive=True)
    _, row, count = tf.unique_with_counts(begins // window, tf.int64)
    size = tf.math.segment_sum(sizes, row)
    wanted = tf.maximum((size + window // 2) // window, 1)
    width = _divided_up(size, wanted)
    return Stretches(
        first=tf.cumsum(count, exclusive=True),
        pieces=count,
        begin=tf.cumsum(size, exclusive=True),
        width=width,
        window=tf.cumsum(_divided_up(size, width), exclusive=True),
    )


def window_seed(seed: int, epoch: tf.Tensor, window: tf.Tensor) -> tf.Tensor:
    """The seed, int64 scalar, that shuffles a window of an epoch."""
    own = tf.random.fold_in(_drawing(seed, epoch, _WINDOWS), window)
    return tf.random.stateless_uniform([], own, None, None, tf.int64)


def _drawing(seed: int, epoch: tf.Tensor, what: int) -> tf.Tensor:
    return tf.random.fold_in(tf.stack([tf.constant(seed, tf.int64), epoch]), what)


def _divided_up(count: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
    return -(-count // by)
