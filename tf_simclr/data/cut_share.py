"""What an input pipeline reads if it trains on squares cut out of pictures: a picture for each.

An epoch has every square once, in an order of its own, like one that has every picture once.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr.data.augment.copies import Copies
from tf_simclr.data.shares import Record, Share
from tf_simclr.data.source import Source


class Cuts(NamedTuple):
    """Squares of pictures of a split; the number of each is its place here.

    Attributes:
      places: int64 [squares], of their pictures, as `Source.share_at` takes them, in any order.
      boxes: int32 [squares, 3], (top, left, side) in pixels of the picture.
      copies: how a copy of a square is made.
    """

    places: np.ndarray
    boxes: np.ndarray
    copies: Copies


def cut_share(
    source: Source, split: str, cuts: Cuts, *, num_shards: int = 1, shard_index: int = 0
) -> Share:
    """The share of squares that one input worker trains on, as `Source.share` is one of pictures.

    Args:
      source: the data.
      split: where the pictures are.
      cuts: the squares to train on.
      num_shards: number of input workers, at most the number of squares.
      shard_index: which of them this is, in [0, num_shards).

    Returns:
      A share whose records also have `box`, int32 [3], and `number`, int64 scalar, of the square.
      Its places are these numbers.

    Raises:
      ValueError: as `Source.share`.
    """
    source.check_shards(num_shards)
    # Files are read only forwards.
    chosen = np.array_split(np.argsort(cuts.places, kind="stable"), num_shards)[shard_index]
    whole = source.share_at(split, cuts.places[chosen])
    places, boxes = tf.constant(cuts.places, tf.int64), tf.constant(cuts.boxes, tf.int32)

    def parse(number: tf.Tensor, *encoded: tf.Tensor) -> Record:
        record = whole.parse(places[number], *encoded)
        return record | {"box": tf.ensure_shape(boxes[number], [3]), "number": number}

    return dataclasses.replace(whole, places=tf.constant(chosen, tf.int64), parse=parse)
