"""One reading of a data set for many calls of `fit`."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


class OnePass(tf.distribute.DistributedDataset):
    """A data set that each `fit` goes on reading where the last one stopped.

    Keras begins to read a data set anew in each `fit`, and takes an iterator for a generator in
    Python. A distributed data set it only asks for its iterator: this one has the same for all.
    """

    def __init__(self, dataset: tf.data.Dataset | tf.distribute.DistributedDataset):
        """Begins to read.

        Args:
          dataset: without end, as `fit` would take it.
        """
        self._iterator = iter(dataset)

    def __iter__(self) -> Iterator[Any]:
        return self._iterator
