"""What a source is: where pictures come from, still encoded, and with which labels."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Collection, Mapping

import numpy as np
import tensorflow as tf

from tf_simclr.data.shares import Share

# Shape int32 [3] of a picture -> the windows wanted of it: int32 [count, 4], rows of
# (top, left, height, width)
Windows = Callable[[tf.Tensor], tf.Tensor]

# Where the examples of a split are: (a file or split, first example, one past the last)
Ranges = list[tuple[str, int, int]]

# Labels of records that have none.
UNLABELLED = -1


@dataclasses.dataclass(frozen=True, eq=False)
class Source(abc.ABC):
    """A data set of pictures, still encoded, in named splits.

    Attributes:
      name: as the user wrote it.
      num_classes: number of classes; 0 means that the data has no labels.
      class_names: one name a class, in the order of the labels; empty without labels.
      splits: split name -> number of examples.
      has_identity: whether records carry `identity` (which thing is shown) and `group` (by whom),
        for retrieval of one thing across groups.
      licence: of the pictures, as their maker states it; empty if nobody does.
    """

    name: str
    num_classes: int
    class_names: tuple[str, ...]
    splits: Mapping[str, int]
    has_identity: bool
    licence: str

    @abc.abstractmethod
    def num_examples(self, split: str) -> int:
        """Counts the examples of a split or of a slice of one, such as `train[:10%]`.

        Raises:
          ValueError: the split does not exist (the message names those that do), cannot be
            parsed, or holds no examples.
        """

    def has(self, split: str) -> bool:
        """Whether there is an example in a split, or in a slice of one, and it can be parsed."""
        try:
            return self.num_examples(split) > 0
        except ValueError:
            return False

    def num_labelled(self, split: str) -> int | None:
        """Counts the examples of a split that have a label; None if only reading all would tell.

        Raises:
          ValueError: as `num_examples`.
        """
        return None if self.num_classes else 0

    @abc.abstractmethod
    def ranges(self, split: str) -> Ranges:
        """Where the examples of a split or slice are: equal places mean equal pictures.

        Raises:
          ValueError: as `num_examples`.
        """

    @abc.abstractmethod
    def records(self, split: str, *, names: bool = False) -> tf.data.Dataset:
        """Reads the undecoded examples of a split, once, in an order that never changes.

        Args:
          split: a split name or a slice of one.
          names: whether records also have a `name`.

        Returns:
          A data set of dicts: `image`, scalar string for `decode`; `label`, int64 scalar, -1 for
          unlabelled; where `has_identity`, `identity` and `group`, int64 scalars; and `name`, a
          scalar string, the picture's path in its folder, or another unique name.

        Raises:
          ValueError: as `num_examples`.
        """

    def share(self, split: str, *, num_shards: int = 1, shard_index: int = 0) -> Share:
        """What one input worker trains on: the records of one shard, in the order of training.

        The shards of a split are disjoint, cover it, and differ in size by at most one example.

        Args:
          split: a split name or a slice of one.
          num_shards: number of input workers.
          shard_index: which of them this is, in [0, num_shards).

        Raises:
          ValueError: as `num_examples`, or `shard_index` is out of its range, or gets no example.
        """
        if not 0 <= shard_index < num_shards:
            raise ValueError(
                "`shard_index` must be at least 0 and less than `num_shards`. "
                f"Received: shard_index={shard_index}, num_shards={num_shards}"
            )
        examples = self.num_examples(split)
        places = np.array_split(np.arange(examples), num_shards)[shard_index]
        if not len(places):
            raise ValueError(
                "Each input pipeline needs a picture of its own to read. Received:"
                f" split={split!r} with {examples} pictures for {num_shards} pipelines, of which"
                f" number {shard_index} gets none."
            )
        return self.share_at(split, places)

    @abc.abstractmethod
    def share_at(self, split: str, places: np.ndarray) -> Share:
        """The records at some places of a split, to train on.

        Args:
          split: a split name or a slice of one.
          places: int64 [records], at least one, ascending: places in an order of the split that
            never changes, and that may differ from that of `records`.

        Raises:
          ValueError: as `num_examples`.
        """

    @abc.abstractmethod
    def places(self, split: str, names: Collection[str]) -> np.ndarray:
        """Finds pictures by name, without reading them.

        Args:
          split: a split name or a slice of one that holds no picture twice.
          names: as `records` gives them, of pictures in the split.

        Returns:
          int64 [names], ascending: their places, as `share_at` takes them.

        Raises:
          ValueError: as `num_examples`.
        """

    def require_no_python(self) -> None:
        """Checks that hosts without Python (others of a TPU slice) can decode all pictures.

        Raises:
          ValueError: they cannot; the message names what they cannot decode.
        """
        return  # TensorFlow decodes it by itself.

    def hold_out(
        self, before: Mapping[str, str] | None, report: Callable[[str], None]
    ) -> Source | None:
        """Moves pictures from the split train to a split of their own, `held_out`.

        Args:
          before: those that a run held out, like `held_out` gives them; None chooses them.
          report: called with a line for what differs from `before`.

        Returns:
          The source with one more split; None if this kind of data does not have it, or `before` is
          of other data.
        """
        return None

    def with_all(self) -> Source:
        """The source with all labels, and nothing held out."""
        return self

    def in_order(self, *, stratified: bool) -> Source:
        """The source with the pictures of each split in another order, by which it is sliced.

        Args:
          stratified: whether any beginning of a split has each class in proportion, to within one
            picture; otherwise the order is random. Only a folder of pictures can choose.
        """
        return self

    @property
    def held_out(self) -> Mapping[str, str]:
        """Name -> key of the content, for the pictures of the split `held_out`; {} without it."""
        return {}

    @abc.abstractmethod
    def decode(self, image: tf.Tensor) -> tf.Tensor:
        """Decodes the `image` of one record; runs in graph mode, inside Dataset.map.

        Args:
          image: scalar string.

        Returns:
          uint8 [height, width, 3]: gray becomes RGB, alpha is composited on white.
        """

    @property
    def how_to_label(self) -> str:
        """What its user can do if it has no labels."""
        return "Put the pictures into one folder for each class."

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """(height, width, 3) of all pictures; None if they differ."""
        return None

    def side(self, split: str) -> int | None:
        """Median of the shorter sides of a split's pictures, in pixels; None if it is not known."""
        del split
        return min(self.picture_shape[:2]) if self.picture_shape else None

    def decode_windows(self, image: tf.Tensor, windows: Windows) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes what is needed for some windows of a picture; runs in graph mode.

        Args:
          image: scalar string, the `image` of one record.
          windows: chooses them, once the picture's shape is known.

        Returns:
          uint8 [height, width, 3], a part of `decode(image)` that holds all windows, and int32
          [count, 4], their places in it.
        """
        picture = self.decode(image)
        return picture, windows(tf.shape(picture))


def count_shared(first: Ranges, second: Ranges) -> int:
    """Counts the pictures that two splits of one source have in common.

    >>> count_shared([("train", 0, 10), ("test", 0, 5)], [("train", 8, 12)])
    2

    Args:
      first: of one split, as `Source.ranges` gives them.
      second: of the other.
    """
    pieces = sorted(
        (place, max(start, begin), min(stop, end))
        for place, start, stop in first
        for other, begin, end in second
        if place == other
    )
    count, behind = 0, ("", 0)  # the place, and the end of what has been counted there
    for place, start, stop in pieces:  # A split may name a picture twice.
        start = max(start, behind[1]) if place == behind[0] else start
        if stop > start:
            count, behind = count + stop - start, (place, stop)
    return count
