"""Keeps encoded records in memory once they are read, in any order."""

from collections.abc import Callable

import tensorflow as tf


class RecordMemory:
    """A table of records by their place; a record that is not in it is read and added.

    It belongs to one input pipeline, and must be made where that runs.
    """

    def __init__(self) -> None:
        # Tables without a name live as long as a data set that reads them.
        make = tf.lookup.experimental.MutableHashTable
        self._encoded = make(tf.int64, tf.string, "", experimental_is_anonymous=True)
        self._known = make(tf.int64, tf.int64, 0, experimental_is_anonymous=True)

    def records(
        self, places: tf.Tensor, rows: tf.Tensor, read: Callable[[tf.Tensor], tf.data.Dataset]
    ) -> tf.data.Dataset:
        """The records of a piece: from memory if all of them are there, else from their file.

        Args:
          places: int64 [records], which are unique.
          rows: int64 [records], by which `read` finds them.
          read: rows -> data set of their encoded records, scalar strings.

        Returns:
          A data set of (place int64 scalar, encoded record scalar string).
        """
        count = tf.size(places)
        kept = tf.where(tf.reduce_all(self._known.lookup(places) > 0), count, 0)
        new = count - kept
        remembered = tf.data.Dataset.from_tensor_slices(places[:kept]).map(
            lambda place: (place, self._encoded.lookup(place))
        )
        fresh = tf.data.Dataset.zip(
            (tf.data.Dataset.from_tensor_slices(places[:new]), read(rows[:new]))
        )
        return remembered.concatenate(fresh.map(self._keep))

    def image(self, place: tf.Tensor, read: Callable[[], tf.Tensor]) -> tf.Tensor:
        """The encoded picture of one record: from memory if it is there, else read and kept.

        Args:
          place: int64 scalar, which is unique.
          read: returns it, a scalar string that is not empty.
        """
        kept = tf.ensure_shape(self._encoded.lookup(place), [])

        def fresh() -> tf.Tensor:
            encoded = read()
            with tf.control_dependencies([self._encoded.insert(place, encoded)]):
                return tf.identity(encoded)

        return tf.cond(tf.strings.length(kept) > 0, lambda: kept, fresh)

    def _keep(self, place: tf.Tensor, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        known = self._known.insert(place, tf.constant(1, tf.int64))
        with tf.control_dependencies([known, self._encoded.insert(place, encoded)]):
            return tf.identity(place), tf.identity(encoded)
