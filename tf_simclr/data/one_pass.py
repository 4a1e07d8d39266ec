"""Reads a data set once, over many calls of `fit`."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


class OnePass(tf.distribute.DistributedDataset):
    """A data set that each `fit` goes on reading where the last one stopped.

    Keras reads a data set from its start in each `fit`, and treats an iterator as a Python
    generator. Of a distributed data set it only gets the iterator: here, always the same one.
    """

    def __init__(self, dataset: tf.data.Dataset | tf.distribute.DistributedDataset):
        """Starts reading.

        Args:
          dataset: endless, as `fit` would take it.
        """
        self._iterator = iter(dataset)

    def __iter__(self) -> Iterator[Any]:
        return self._iterator
