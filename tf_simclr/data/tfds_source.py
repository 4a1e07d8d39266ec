"""Data sets of TensorFlow Datasets, the bundled emoji32 among them, as a source."""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_datasets as tfds
from tensorflow_datasets.core import file_adapters

from tf_simclr.data import decoding, shares, split_slices, tfds_builder
from tf_simclr.data.source import UNLABELLED, Ranges, Source, Windows

# Features that may hold the name of a picture's file.
_FILE_NAMES = ("file_name", "filename")


@dataclasses.dataclass(frozen=True, eq=False)
class TfdsSource(Source):
    """A prepared TFDS builder; make it with `open_tfds`.

    Attributes:
      builder: the builder.
      features: key of a record -> name of the feature that it is read from.
      file_name: name of the feature that holds the name of a picture's file, or None.
    """

    builder: tfds.core.DatasetBuilder = dataclasses.field(repr=False)
    features: dict[str, str]
    file_name: str | None

    def num_examples(self, split: str) -> int:
        """Counts; `split` may be anything that TFDS can read. Raises as `Source.num_examples`."""
        try:
            size = self.builder.info.splits[split].num_examples
        except ValueError as error:
            raise split_slices.unknown_split(split, self.splits) from error
        if size <= 0:
            raise ValueError(f"`split` must hold at least one example. Received: split={split}")
        return size

    def ranges(self, split: str) -> Ranges:
        """Places in the files of records. See `Source.ranges`."""
        self.num_examples(split)
        return [
            (part.filename, part.skip, part.skip + part.take)
            for part in self.builder.info.splits[split].file_instructions
        ]

    def records(self, split: str, *, names: bool = False) -> tf.data.Dataset:
        """Reads the features needed and leaves the rest in the file. See `Source.records`."""
        self.num_examples(split)
        wanted = self._wanted(names=names)
        config = tfds.ReadConfig(try_autocache=False, add_tfds_id=names)
        dataset = self.builder.as_dataset(
            split=split, decoders=wanted, read_config=config, shuffle_files=False
        )
        return dataset.map(self._record, num_parallel_calls=tf.data.AUTOTUNE)

    def share_at(self, split: str, places: np.ndarray) -> shares.FileShare:
        """Places in the files of records, one file after the other. See `Source.share_at`."""
        wanted = self._wanted(names=False)
        features = wanted.extract_features(self.builder.info.features)

        def parse(_: tf.Tensor, encoded: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._record(features.deserialize_example(encoded, decoders=wanted.decoders))

        span, count = places[-1] - places[0] + 1, len(places)
        different = len(np.unique(places))
        read = self._rows if different == count else self._repeated_rows
        per_record = self.builder.info.dataset_size / sum(self.splits.values())
        return shares.file_share(
            places,
            files=self.ranges(split),
            # Filtering each record takes nine times as long as reading it.
            read=self._run if span == different == count else read,
            parse=parse,
            record_bytes=per_record * span / count,
        )

    def places(self, split: str, names: Sequence[str]) -> np.ndarray:
        """Takes them from the names, which hold file and row. See `Source.places`."""
        parts: dict[str, list[tuple[int, int, int]]] = {}  # first row, end, records before it
        before = 0
        for path, start, stop in self.ranges(split):
            parts.setdefault(os.path.basename(path), []).append((start, stop, before))
            before += stop - start

        def place(name: str) -> int:
            file, _, row = name.partition("/")[0].rpartition("__")
            of_file = parts.get(file, []) if row.isdecimal() else []
            found = (int(row) - a + first for a, b, first in of_file if a <= int(row) < b)
            return next(found, -1)

        return np.array([place(name) for name in names], np.int64)

    def decode(self, image: tf.Tensor) -> tf.Tensor:
        """Decodes as the data set's own `image` feature does. See `Source.decode`."""
        channels = self.builder.info.features["image"].shape[-1]
        if channels == 4:
            return tf.cond(
                decoding.is_png(image),
                lambda: decoding.decode_png(image),
                lambda: decoding.composite_on_white(_decode_image(image, channels)),
            )
        decoded = _decode_image(image, channels)
        # Differs from the original, whose colour operations fail on one channel.
        return tf.image.grayscale_to_rgb(decoded) if channels == 1 else decoded

    @property
    def how_to_label(self) -> str:
        """How labels must be stored. See `Source.how_to_label`."""
        features = self.builder.info.features or {}
        has = ", ".join(f"{name} ({type(of).__name__})" for name, of in sorted(features.items()))
        return (
            "Labels are a feature `label` that is a ClassLabel, and its features are:"
            f" {has}. Give another --dataset, or prepare this one with such a feature."
        )

    @property
    def picture_shape(self) -> tuple[int, int, int] | None:
        """What the data set declares. See `Source.picture_shape`."""
        height, width, _ = self.builder.info.features["image"].shape
        return (height, width, 3) if height and width else None

    def decode_windows(self, image: tf.Tensor, windows: Windows) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes only what the windows need of JPEGs. See `Source.decode_windows`."""
        if self.builder.info.features["image"].shape[-1] != 3:  # It cannot do gray and alpha.
            return super().decode_windows(image, windows)
        return tf.cond(
            decoding.is_jpeg(image),
            lambda: decoding.decode_jpeg_windows(image, windows),
            lambda: super(TfdsSource, self).decode_windows(image, windows),
        )

    def _run(self, file: tf.Tensor, rows: tf.Tensor) -> tf.data.Dataset:
        """The encoded examples of a file from its first to its last of `rows`, int64 [count]."""
        adapter = file_adapters.ADAPTER_FOR_FORMAT[self.builder.info.file_format]
        first = tf.reduce_min(rows)
        return adapter.make_tf_data(file).skip(first).take(_span(rows))

    def _rows(self, file: tf.Tensor, rows: tf.Tensor) -> tf.data.Dataset:
        """The encoded examples of a file at `rows`, ascending; see `FileShare`."""
        places = (rows - tf.reduce_min(rows))[:, None]
        wanted = tf.scatter_nd(places, tf.ones_like(rows), _span(rows)[None])
        examples = tf.data.Dataset.zip(
            (self._run(file, rows), tf.data.Dataset.from_tensor_slices(wanted > 0))
        )
        return examples.filter(lambda _, is_wanted: is_wanted).map(lambda example, _: example)

    def _repeated_rows(self, file: tf.Tensor, rows: tf.Tensor) -> tf.data.Dataset:
        """Like `_rows`, where a row may be there several times."""
        different, _, counts = tf.unique_with_counts(rows, tf.int64)
        examples = tf.data.Dataset.zip(
            (self._rows(file, different), tf.data.Dataset.from_tensor_slices(counts))
        )
        return examples.flat_map(
            lambda example, count: tf.data.Dataset.from_tensors(example).repeat(count)
        )

    def _wanted(self, *, names: bool) -> tfds.decode.PartialDecoding:
        features = [*self.features.values()]
        if names and self.file_name:
            features.append(self.file_name)
        return tfds.decode.PartialDecoding(
            dict.fromkeys(features, True), decoders={"image": tfds.decode.SkipDecoding()}
        )

    def _record(self, example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        record = {
            key: example[feature] if key == "image" else tf.cast(example[feature], tf.int64)
            for key, feature in self.features.items()
        }
        if "tfds_id" in example:
            parts = [example["tfds_id"]]  # File and place in it.
            if self.file_name:  # After it, as in a path: alone, it may not be unique.
                parts.append(example[self.file_name])
            record["name"] = tf.strings.join(parts, "/")
        record.setdefault("label", tf.constant(UNLABELLED, tf.int64))
        return record


def _span(rows: tf.Tensor) -> tf.Tensor:
    """How many rows there are from the first to the last; 0 for none."""
    return tf.maximum(tf.reduce_max(rows) - tf.reduce_min(rows) + 1, 0)


def open_tfds(dataset: str, *, data_dir: str | None, report: Callable[[str], None]) -> TfdsSource:
    """Opens any TFDS data set that has an `image` feature; labels are its ClassLabel `label`.

    Args:
      dataset: name with or without /config and :version; "emoji32" is the bundled one, whose
        emoji and vendor are identity and group.
      data_dir: where TFDS keeps prepared data, None for its default.
      report: called with a line before a download.

    Raises:
      ValueError: the data set does not exist, has no uint8 pictures of 1, 3 or 4 channels under
        `image`, or cannot be downloaded and prepared.
    """
    make = functools.partial(_made, dataset, data_dir=data_dir)
    identifying = {"identity": "emoji", "group": "vendor"} if dataset == "emoji32" else {}
    builder = tfds_builder.construct(make, dataset=dataset, data_dir=data_dir)
    if not tf.io.gfile.exists(builder.data_dir):
        tfds_builder.check_depth(builder.name, data_dir)
    features = dict(builder.info.features or {})
    _check_image(features, dataset)  # Before a download that may take hours.
    builder = tfds_builder.prepare(builder, make, dataset=dataset, report=report)
    class_names = _class_names(features)
    return TfdsSource(
        name=dataset,
        num_classes=len(class_names),
        class_names=class_names,
        splits={name: info.num_examples for name, info in builder.info.splits.items()},
        has_identity=bool(identifying),
        licence=builder.info.as_proto.redistribution_info.license,
        builder=builder,
        features={"image": "image", **({"label": "label"} if class_names else {}), **identifying},
        file_name=_file_name(features),
    )


def unprepared(dataset: str, *, data_dir: str | None) -> str | None:
    """The folder that a data set would be prepared in; None if it is prepared.

    Args:
      dataset: as `open_tfds` takes it.
      data_dir: where TFDS keeps prepared data, None for its default.

    Raises:
      ValueError: there is no such data set.
    """
    make = functools.partial(_made, dataset, data_dir=data_dir)
    place = tfds_builder.construct(make, dataset=dataset, data_dir=data_dir).data_dir
    return None if tf.io.gfile.exists(place) else str(place)


def _made(dataset: str, *, data_dir: str | None) -> tfds.core.DatasetBuilder:
    if dataset != "emoji32":
        return tfds.builder(dataset, data_dir=data_dir)
    from tf_simclr.data import emoji32

    return emoji32.Emoji32(data_dir=data_dir)


def _check_image(features: dict[str, Any], dataset: str) -> None:
    if "image" not in features or not isinstance(features["image"], tfds.features.Image):
        raise ValueError(
            "`dataset` must have pictures under the feature `image`. Received: "
            f"dataset={dataset}, whose features are: {', '.join(sorted(features)) or 'none'}"
        )
    image = features["image"]
    if tf.as_dtype(image.np_dtype) != tf.uint8 or image.shape[-1] not in (1, 3, 4):
        raise ValueError(
            "`dataset` must have uint8 pictures of 1, 3 or 4 channels. Received: "
            f"dataset={dataset}, whose pictures are {tf.as_dtype(image.np_dtype).name} of shape "
            f"{image.shape}"
        )


def _class_names(features: dict[str, Any]) -> tuple[str, ...]:
    label = features.get("label")
    return tuple(label.names) if isinstance(label, tfds.features.ClassLabel) else ()


def _decode_image(image: tf.Tensor, channels: int) -> tf.Tensor:
    decoded = tf.io.decode_image(image, channels=channels, expand_animations=False)
    return tf.ensure_shape(decoded, [None, None, channels])


def _file_name(features: dict[str, Any]) -> str | None:
    texts = [name for name in _FILE_NAMES if isinstance(features.get(name), tfds.features.Text)]
    return texts[0] if texts else None
