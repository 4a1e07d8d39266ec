"""Negatives that a loss keeps from earlier batches (arXiv 2006.10029, section 2; 1911.05722)."""

from typing import NamedTuple

import tensorflow as tf


class Memory(NamedTuple):
    """More keys, which are negatives of every row.

    They are constants and get no gradient. As in MoCo, they may include an image of the current
    batch, which is then a negative of itself.

    Attributes:
      rows: float [places, dim], in the dtype of the loss. They are compared as they are, so they
        must be l2-normalised if the loss compares by cosine. The same on every replica.
      filled: scalar int: only the first `filled` places are used; 0 is an empty memory.
    """

    rows: tf.Tensor
    filled: tf.Tensor
