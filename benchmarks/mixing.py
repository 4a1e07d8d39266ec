"""How well the training order mixes pictures, compared with a sliding shuffle buffer.

    python -m benchmarks.mixing

The buffer is tf.data's `shuffle`, as large as a window, after 16 interleaved files, as in the
original. `chance` is a permutation of all pictures. The columns are for two epochs, in batches:

- moved: distance between a picture's place in the epoch and in the files, as a share of the epoch.
- together again: how often two pictures of a batch share one in the next epoch; chance is 1.
- classes: number of classes in a batch, if the files are sorted by class.
"""

import dataclasses
import sys

import numpy as np
import tensorflow as tf

from tf_simclr.data.pipeline import SHUFFLE_BATCHES
from tf_simclr.data.shares import file_share

CLASSES = 1000


@dataclasses.dataclass(frozen=True)
class Files:
    """Numbers of files and of records in a file, bytes of a record, and the batch size."""

    files: int
    records: int
    record_bytes: int
    batch: int

    @property
    def window(self) -> int:
        """As in `pipeline.Stream` above 32 pixels."""
        return self.batch * SHUFFLE_BATCHES

    @property
    def size(self) -> int:
        """Total number of records."""
        return self.files * self.records


# ImageNet in TFDS's files, in large and small batches, and CIFAR-10.
SETS = (
    Files(1024, 1251, 105_000, 4096),
    Files(1024, 1251, 105_000, 256),
    Files(1, 50_000, 2_600, 512),
)


def in_windows(data: Files) -> np.ndarray:
    """Places int64 [2 * size] in training order."""

    def read(file, rows):
        return tf.data.Dataset.from_tensor_slices(tf.repeat("", tf.size(rows)))

    files = [(str(number), 0, data.records) for number in range(data.files)]
    share = file_share(
        np.arange(data.size),
        files=files,
        read=read,
        parse=tuple,
        record_bytes=data.record_bytes,
    )
    places = share.shuffled(seed=0, start=0, window=data.window).map(lambda place, _: place)
    return _array(places.take(2 * data.size))


def in_a_buffer(data: Files) -> np.ndarray:
    """The same for the buffer."""

    def read(file):
        return tf.data.Dataset.range(file * data.records, (file + 1) * data.records)

    files = tf.data.Dataset.range(data.files)
    records = files.interleave(read, cycle_length=16, block_length=16)
    return np.concatenate(
        [_array(records.shuffle(min(data.window, data.size), seed=seed)) for seed in (0, 1)]
    )


def by_chance(data: Files) -> np.ndarray:
    """The same for permutations."""
    random = np.random.default_rng(0)
    return np.concatenate([random.permutation(data.size) for _ in range(2)])


def _array(places: tf.data.Dataset) -> np.ndarray:
    return np.concatenate(list(places.batch(4096).as_numpy_iterator()))


def figures(places: np.ndarray, size: int, batch: int) -> tuple[float, float, float]:
    """(moved, together again, classes) for two epochs of places; see above."""
    epochs = places[: 2 * size].reshape(2, size)
    moved = np.abs(epochs - np.arange(size)).mean() / size
    of_batch = np.empty((2, size), np.int64)
    np.put_along_axis(of_batch, epochs, np.arange(size)[None] // batch, axis=1)
    first = np.bincount(of_batch[0])
    _, both = np.unique(of_batch[0] * size + of_batch[1], return_counts=True)
    again = (both * (both - 1)).sum() / (first * (first - 1)).sum() * (size - 1) / (batch - 1)
    whole = epochs[0][: size // batch * batch].reshape(-1, batch) * CLASSES // size
    classes = np.mean([len(np.unique(row)) for row in whole])
    return moved, again, classes


def main():
    """Prints a row for each data set and order."""
    print(f"| files x records, batch | order | moved | together again | of {CLASSES} classes |")
    print("|---|---|---|---|---|")
    for data in SETS:
        for name, order in (
            ("buffer", in_a_buffer),
            ("windows", in_windows),
            ("chance", by_chance),
        ):
            moved, again, classes = figures(order(data), data.size, data.batch)
            print(
                f"| {data.files} x {data.records}, {data.batch} | {name} | {moved:.3f} |"
                f" {again:.2f} | {classes:.0f} |"
            )
            sys.stdout.flush()


if __name__ == "__main__":
    main()
