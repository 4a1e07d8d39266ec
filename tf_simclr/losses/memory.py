"""Negatives that a loss remembers of former batches (arXiv 2006.10029, section 2; 1911.05722)."""

from typing import NamedTuple

import tensorflow as tf


class Memory(NamedTuple):
    """Further keys, negatives of every row.

    They are constants: no gradient passes to them. An image that was seen a while ago may be among
    them, and is then a negative of itself, as in MoCo.

    Attributes:
      rows: float [places, dim], in the dtype that the loss is computed in; compared as they are, so
        l2-normalised where the loss compares cosines. The same on every replica.
      filled: scalar int, how many of the places count, from the first on; 0 is an empty memory.
    """

    rows: tf.Tensor
    filled: tf.Tensor
