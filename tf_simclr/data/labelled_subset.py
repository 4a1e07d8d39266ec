"""A source in which only chosen training pictures have labels (arXiv 2006.10029, section 3)."""

import dataclasses
from collections.abc import Collection, Mapping

import numpy as np
import tensorflow as tf

from tf_simclr.data import shares
from tf_simclr.data.source import UNLABELLED, Ranges, Source, Windows

_BATCH = 1024  # records whose names are read at a time


@dataclasses.dataclass(frozen=True, eq=False)
class LabelledSubset(Source):
    """Another source with fewer labels in one of its splits; make it with `keep_labels`.

    Everything else is as in the other source, also slices of the split, and splits of which it is a
    slice.

    Attributes:
      source: the other one.
      split: the split with fewer labels, as the user wrote it: splits are compared as text.
      labelled: sorted names of the pictures in it that have labels.
      drop: whether those without labels are left out; otherwise they stay, with the label -1.
      is_labelled: names -> whether they are among `labelled`.
    """

    source: Source
    split: str
    labelled: tuple[str, ...] = dataclasses.field(repr=False)
    drop: bool
    is_labelled: tf.lookup.StaticHashTable = dataclasses.field(repr=False)

    def num_examples(self, split: str) -> int:
        """Counts the pictures that `records` gives. See `Source.num_examples`."""
        if self.drop and split == self.split:
            return len(self.labelled)
        return self.source.num_examples(split)

    def ranges(self, split: str) -> Ranges:
        """Those of the other source, even if pictures are left out. See `Source.ranges`."""
        return self.source.ranges(split)

    def num_labelled(self, split: str) -> int | None:
        """Counts those that keep their label. See `Source.num_labelled`."""
        return len(self.labelled) if split == self.split else self.source.num_labelled(split)

    def records(self, split: str, *, names: bool = False) -> tf.data.Dataset:
        """Gives the other source's records, in its order. See `Source.records`.

        If pictures are left out, all of the split is still read: in a folder that costs nothing,
        since files are read as they are decoded, and training reads only its `share`.
        """
        if split != self.split:
            return self.source.records(split, names=names)
        records = self.source.records(split, names=True).map(
            lambda record: _labelled_if(self.is_labelled.lookup(record["name"]), record)
        )
        if self.drop:
            records = records.filter(lambda record: record["label"] != UNLABELLED)
            records = records.apply(tf.data.experimental.assert_cardinality(len(self.labelled)))
        return records if names else records.map(_without_name)

    def share_at(self, split: str, places: np.ndarray) -> shares.Share:
        """Reads only the chosen records, if the others are left out. See `Source.share_at`."""
        if split != self.split:
            return self.source.share_at(split, places)
        chosen = self.source.places(split, self.labelled)
        if self.drop:
            return self.source.share_at(split, chosen[places])
        whole = self.source.share_at(split, places)
        is_chosen = tf.constant(np.isin(np.arange(self.source.num_examples(split)), chosen))

        def parse(place: tf.Tensor, *encoded: tf.Tensor) -> shares.Record:
            return _labelled_if(is_chosen[place], whole.parse(place, *encoded))

        return dataclasses.replace(whole, parse=parse)

    def places(self, split: str, names: Collection[str]) -> np.ndarray:
        """Places in what is left of the split. See `Source.places`."""
        found = self.source.places(split, names)
        if not self.drop or split != self.split:
            return found
        return np.searchsorted(self.source.places(split, self.labelled), found)

    def with_all(self) -> Source:
        """See `Source.with_all`."""
        return self.source.with_all()

    def in_order(self, *, stratified: bool) -> Source:
        """That of the other source, with all labels. See `Source.in_order`."""
        return self.source.in_order(stratified=stratified)

    @property
    def held_out(self) -> Mapping[str, str]:
        """Those of the other source. See `Source.held_out`."""
        return self.source.held_out

    def require_no_python(self) -> None:
        """See `Source.require_no_python`."""
        self.source.require_no_python()

    def decode(self, image: tf.Tensor) -> tf.Tensor:
        """Decodes as the other source does. See `Source.decode`."""
        return self.source.decode(image)

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """That of the other source. See `Source.picture_shape`."""
        return self.source.picture_shape

    def side(self, split: str) -> int | None:
        """That of the other source. See `Source.side`."""
        return self.source.side(split)

    def decode_windows(self, image: tf.Tensor, windows: Windows) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes as the other source does. See `Source.decode_windows`."""
        return self.source.decode_windows(image, windows)


def keep_labels(
    source: Source, split: str, labelled: Collection[str], *, drop: bool
) -> LabelledSubset:
    """Removes the labels of all but the chosen pictures.

    Args:
      source: with all labels.
      split: where they are removed: a split, or a slice of one such as `train[:50%]`.
      labelled: names of the pictures that keep theirs, at least one; all are in the split.
      drop: whether the other pictures are left out; otherwise they stay, with the label -1.

    Returns:
      The source with fewer labels.
    """
    names = tuple(sorted(labelled))
    chosen = tf.lookup.KeyValueTensorInitializer(tf.constant(names), tf.fill([len(names)], True))
    counts = dict(source.splits)
    if drop and split in counts:
        counts[split] = len(names)
    same = {field.name: getattr(source, field.name) for field in dataclasses.fields(Source)}
    return LabelledSubset(
        **(same | {"splits": counts}),
        source=source,
        split=split,
        labelled=names,
        drop=drop,
        is_labelled=tf.lookup.StaticHashTable(chosen, default_value=False),
    )


def labelled_pictures(source: Source, split: str) -> Mapping[str, list[str]]:
    """Reads the names of a split's labelled pictures; TFDS reads all of the split for it, once.

    Args:
      source: with labels.
      split: a split, or a slice of one.

    Returns:
      Class name -> names, in the order of the labels; without classes that have no picture.

    Raises:
      ValueError: as `Source.records`.
    """
    records = source.records(split, names=True)
    pairs = records.map(lambda record: (record["name"], record["label"])).batch(_BATCH)
    found: dict[int, list[str]] = {label: [] for label in range(source.num_classes)}
    for names, labels in pairs.as_numpy_iterator():
        for label in np.unique(labels[labels != UNLABELLED]):
            found[int(label)] += [name.decode() for name in names[labels == label]]
    return {source.class_names[label]: names for label, names in found.items() if names}


def _labelled_if(chosen: tf.Tensor, record: shares.Record) -> shares.Record:
    label = tf.where(chosen, record["label"], tf.constant(UNLABELLED, tf.int64))
    return record | {"label": label}


def _without_name(record: shares.Record) -> shares.Record:
    return {key: value for key, value in record.items() if key != "name"}
