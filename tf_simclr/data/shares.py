"""The share of a split that one input pipeline reads: endless records, from any place on.

A share has its records in the order of training; `Source.share` makes it.
"""

import abc
import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from tf_simclr.data import order
from tf_simclr.data.record_memory import RecordMemory

# Files that are read at a time if one window holds several, and records of each in turn, as in
# TFDS. The order that a seed gives depends on both.
_FILES, _BLOCK = 16, 16
# A window has at least as many records as so many bytes of the files hold: small pictures are cheap
# to mix well.
_WINDOW_BYTES = 2**28

Record = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True, eq=False)
class Share(abc.ABC):
    """Some records of a split.

    Attributes:
      places: int64 [records], where each is in the split, ascending; a tensor, like all large
        values: data sets share it, while an array would be copied into their graphs.
      parse: turns an element of `shuffled` into a record, as `Source.records` gives it.
    """

    places: tf.Tensor
    parse: Callable[..., Record]

    @property
    def size(self) -> int:
        """Number of its records."""
        return int(self.places.shape[0])

    @abc.abstractmethod
    def shuffled(self, *, seed: int, start: int, window: int) -> tf.data.Dataset:
        """Its records, one epoch after another without end, each epoch in an order of its own.

        Args:
          seed: of the run; the order depends on it, on the share and on `window`.
          start: the first record's number in the stream.
          window: the next record is drawn from at least so many.

        Returns:
          What `parse` takes: (place int64 scalar, ...).
        """

    def _epochs(self, start: int, of_epoch: Callable) -> tf.data.Dataset:
        """What `of_epoch` gives for (an epoch, its first record), from the stream's `start` on."""
        first, inside = divmod(start, self.size)

        @tf.autograph.experimental.do_not_convert
        def from_its_first(epoch: tf.Tensor) -> tf.data.Dataset:
            return of_epoch(epoch, tf.where(epoch == first, tf.constant(inside, tf.int64), 0))

        return tf.data.Dataset.range(first, tf.int64.max).flat_map(from_its_first)

    def remembered(self) -> "Share":
        """A share of the same records in the same order that keeps what it reads in memory."""
        return self


@dataclasses.dataclass(frozen=True, eq=False)
class ListedShare(Share):
    """Records that are all equally cheap to get by their places.

    Attributes:
      read: turns a record's `image`, a scalar string, into one that holds what decoding it reads.
    """

    read: Callable[[tf.Tensor], tf.Tensor] = tf.identity

    def remembered(self) -> "ListedShare":
        """Reads each picture once, when it is first needed. See `Share`."""
        memory = RecordMemory()

        def parse(place: tf.Tensor) -> Record:
            record = self.parse(place)
            return record | {"image": memory.image(place, lambda: self.read(record["image"]))}

        return dataclasses.replace(self, parse=parse)

    def shuffled(self, *, seed: int, start: int, window: int) -> tf.data.Dataset:
        """Each epoch is a permutation of all; `window` has no effect here. See `Share`."""

        def of_epoch(epoch: tf.Tensor, begin: tf.Tensor) -> tf.data.Dataset:
            places = order.permuted(self.places, seed, epoch)
            return tf.data.Dataset.from_tensor_slices((places[begin:],))

        return self._epochs(start, of_epoch)


@dataclasses.dataclass(frozen=True, eq=False)
class FileShare(Share):
    """Records in files that can be read only from their start, in windows; see `order`.

    Attributes:
      files: string [files], paths of the files that hold them.
      rows: int64 [files, (records)], which records of each file they are, ascending.
      read: (path, rows) -> the data set of these records, each a scalar string, still encoded.
      record_bytes: about how many bytes are read for each record, with those between the records;
        0 if not known.
      memory: what has been read already; None keeps nothing.
    """

    files: tf.Tensor
    rows: tf.RaggedTensor
    read: Callable[[tf.Tensor, tf.Tensor], tf.data.Dataset]
    record_bytes: float
    memory: RecordMemory | None = None

    def remembered(self) -> "FileShare":
        """Keeps what it reads in memory. See `Share`."""
        return dataclasses.replace(self, memory=RecordMemory())

    def shuffled(self, *, seed: int, start: int, window: int) -> tf.data.Dataset:
        """Gives (place, encoded record). See `Share`.

        While one window is used, the next is read: the records of two are in memory.
        """
        if self.record_bytes:
            window = max(window, int(_WINDOW_BYTES / self.record_bytes))

        def of_epoch(epoch: tf.Tensor, begin: tf.Tensor) -> tf.data.Dataset:
            return self._windows(seed, epoch, begin, window)

        return self._epochs(start, of_epoch).prefetch(1).flat_map(_shuffled_window)

    def _windows(
        self, seed: int, epoch: tf.Tensor, begin: tf.Tensor, window: int
    ) -> tf.data.Dataset:
        """(seed, records to leave out, window) of the windows from an epoch's record `begin` on."""
        pieces = order.pieces(self.rows.row_lengths(), seed, epoch)
        stretches = order.stretches(pieces.stop - pieces.start, window)
        at = tf.searchsorted(stretches.begin, begin[None], "right", tf.int64)[0] - 1

        @tf.autograph.experimental.do_not_convert
        def of_stretch(number: tf.Tensor) -> tf.data.Dataset:
            stretch = order.Stretches(*(column[number] for column in stretches))
            inside = tf.maximum(begin - stretch.begin, 0)  # More than 0 only in the first one.
            before = inside // stretch.width
            numbers = tf.data.Dataset.range(stretch.window + before, tf.int64.max)
            left_out = tf.data.Dataset.from_tensors(inside % stretch.width)
            none = tf.data.Dataset.from_tensors(tf.constant(0, tf.int64)).repeat()
            return tf.data.Dataset.zip(
                (
                    numbers.map(lambda number: order.window_seed(seed, epoch, number)),
                    left_out.concatenate(none),
                    self._stretch(pieces, stretch, before * stretch.width).window(stretch.width),
                )
            )

        return tf.data.Dataset.range(at, tf.size(stretches.begin, tf.int64)).flat_map(of_stretch)

    def _stretch(
        self, pieces: order.Pieces, stretch: order.Stretches, begin: tf.Tensor
    ) -> tf.data.Dataset:
        """(place, encoded record) of a stretch from its record `begin` on, as they are read."""
        # In one piece, the records before are skipped in the file; in several, they are at most a
        # window, and are read.
        into = tf.where(stretch.pieces == 1, begin, 0)
        own = slice(stretch.first, stretch.first + stretch.pieces)
        chosen = (pieces.part[own], pieces.start[own] + into, pieces.stop[own])
        records = tf.data.Dataset.from_tensor_slices(chosen).interleave(
            self._piece,
            cycle_length=_FILES,
            block_length=_BLOCK,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        return records.skip(begin - into)

    @tf.autograph.experimental.do_not_convert
    def _piece(self, part: tf.Tensor, start: tf.Tensor, stop: tf.Tensor) -> tf.data.Dataset:
        file, begin = self.files[part], self.rows.row_starts()[part]
        own = slice(begin + start, begin + stop)
        rows, places = self.rows.values[own], self.places[own]
        if self.memory is not None:
            return self.memory.records(places, rows, lambda rows: self.read(file, rows))
        return tf.data.Dataset.zip(
            (tf.data.Dataset.from_tensor_slices(places), self.read(file, rows))
        )


@tf.autograph.experimental.do_not_convert
def _shuffled_window(
    seed: tf.Tensor, left_out: tf.Tensor, window: tuple[tf.data.Dataset, ...]
) -> tf.data.Dataset:
    # The seed of this function's graph: the order must not depend on the program's global seed (and
    # a global seed of 0 would make `shuffle` compare a symbolic seed in Python).
    tf.random.set_seed(1)
    records = tf.data.Dataset.zip(window)
    shuffled = records.shuffle(records.cardinality(), seed=seed, reshuffle_each_iteration=False)
    return shuffled.skip(left_out)


def file_share(
    places: np.ndarray,
    *,
    files: Sequence[tuple[str, int, int]],
    read: Callable[[tf.Tensor, tf.Tensor], tf.data.Dataset],
    parse: Callable[..., Record],
    record_bytes: float,
) -> FileShare:
    """Makes the share of some places in a split that is stored in files.

    Args:
      places: int64 [records], ascending, at least one.
      files: of the whole split, in its order: (path, first record of the file, one past the last).
      read: as `FileShare` has it.
      parse: as `Share` has it.
      record_bytes: as `FileShare` has it.
    """
    starts, stops = (np.array(ends) for ends in list(zip(*files))[1:])
    ends = np.cumsum(stops - starts)
    of_file = np.searchsorted(ends, places, side="right")
    numbers, records = np.unique(of_file, return_counts=True)
    rows = places + (stops - ends)[of_file]
    return FileShare(
        places=tf.constant(places),
        parse=parse,
        files=tf.constant([files[number][0] for number in numbers]),
        rows=tf.RaggedTensor.from_row_lengths(rows, records),
        read=read,
        record_bytes=record_bytes,
    )
