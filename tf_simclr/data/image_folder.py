"""A folder of the user's own pictures as a source."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tf_simclr.data import (
    decoding,
    folder_layout,
    folder_listing,
    shares,
    split_folders,
    split_slices,
)
from tf_simclr.data.examination import examine
from tf_simclr.data.source import UNLABELLED, Ranges, Source, Windows

# So many unreadable files are named; the rest are counted.
_NAMED = 20
_CONTENT = b"\0"  # A picture's bytes follow it, not a path: no path has this character.


@dataclasses.dataclass(frozen=True, eq=False)
class ImageFolder(Source):
    """Pictures in a folder; make it with `open_folder`.

    Attributes:
      pictures: split name -> (image, label) of each picture. An image is the EXIF orientation,
        one digit, and the path: the header has been read once, at opening, and cannot be read in
        the graph. In the images that training keeps in memory, _CONTENT and the encoded picture
        replace the path.
      folder: with which all paths begin.
      of_one_host: paths in it of pictures that can only be read if one host reads all.
      by_python: paths in it of pictures that TensorFlow does not decode by itself.
    """

    pictures: Mapping[str, tuple[tuple[str, int], ...]] = dataclasses.field(repr=False)
    folder: str
    of_one_host: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    by_python: tuple[str, ...] = dataclasses.field(default=(), repr=False)

    def num_examples(self, split: str) -> int:
        """Counts the readable pictures. See `Source.num_examples`."""
        return sum(stop - start for _, start, stop in self.ranges(split))

    def records(self, split: str, *, names: bool = False) -> tf.data.Dataset:
        """Gives the pictures without reading their files. See `Source.records`."""
        chosen = self._pictures(split)
        columns = {
            "image": tf.constant([image for image, _ in chosen], tf.string),
            "label": tf.constant([label for _, label in chosen], tf.int64),
        }
        if names:
            paths = [self._name(image) for image, _ in chosen]
            columns["name"] = tf.constant(paths, tf.string)
        return tf.data.Dataset.from_tensor_slices(columns)

    def share(self, split: str, *, num_shards: int = 1, shard_index: int = 0) -> shares.Share:
        """All pictures are equally cheap to get. See `Source.share`.

        Raises:
          ValueError: as there, or if there are several shards and pictures `of_one_host`.
        """
        if num_shards > 1 and self.of_one_host:
            raise ValueError(
                "`data_dir` must hold JPEG, PNG, GIF, BMP or WebP pictures if several hosts read"
                f" it. Received: data_dir={self.folder}, with {len(self.of_one_host)} of other"
                f" formats: {_some(self.of_one_host)}. Convert them, or train on one host."
            )
        return super().share(split, num_shards=num_shards, shard_index=shard_index)

    def share_at(self, split: str, places: np.ndarray) -> shares.ListedShare:
        """Places in the order of the split. See `Source.share_at`."""
        images, labels = map(tf.constant, zip(*self._pictures(split)))

        def parse(place: tf.Tensor) -> shares.Record:
            return {"image": images[place], "label": tf.cast(labels[place], tf.int64)}

        return shares.ListedShare(tf.constant(places), parse, _with_content)

    def places(self, split: str, names: Collection[str]) -> np.ndarray:
        """Finds them in the list. See `Source.places`."""
        wanted = frozenset(names)
        called = (self._name(image) for image, _ in self._pictures(split))
        return np.array([place for place, name in enumerate(called) if name in wanted], np.int64)

    def _pictures(self, split: str) -> list[tuple[str, int]]:
        return [
            picture
            for name, start, stop in self.ranges(split)
            for picture in self.pictures[name][start:stop]
        ]

    def _name(self, image: str) -> str:
        return os.path.relpath(image[1:], self.folder)

    def decode(self, image: tf.Tensor) -> tf.Tensor:
        """Reads a file, decodes it and turns it upright. See `Source.decode`."""
        orientation, encoded = _read(image)
        return decoding.turn_upright(self._decoded(encoded), orientation)

    def decode_windows(self, image: tf.Tensor, windows: Windows) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes only what the windows need of JPEGs. See `Source.decode_windows`."""
        orientation, encoded = _read(image)

        def turned() -> tuple[tf.Tensor, tf.Tensor]:
            picture = decoding.turn_upright(self._decoded(encoded), orientation)
            return picture, windows(tf.shape(picture))

        return tf.cond(
            orientation == 1,
            lambda: decoding.decode_picture_windows(encoded, windows, self._decoded),
            turned,
        )

    def require_no_python(self) -> None:
        """Refuses pictures other than JPEG and PNG. See `Source.require_no_python`.

        Raises:
          ValueError: there are others.
        """
        if self.by_python:
            raise ValueError(
                "`data_dir` must hold JPEG and PNG pictures if other hosts of a TPU slice read it,"
                " as they run no Python and no Pillow. Received:"
                f" data_dir={self.folder}, with {len(self.by_python)} of other formats:"
                f" {_some(self.by_python)}. Convert them, or train on one host."
            )

    def _decoded(self, encoded: tf.Tensor) -> tf.Tensor:
        # No Python in the graph unless it is needed: the graph may run elsewhere.
        decode = decoding.decode_picture if self.by_python else decoding.decode_jpeg_or_png
        return decode(encoded)

    def num_labelled(self, split: str) -> int:
        """Counts the pictures that have a label. See `Source.num_labelled`."""
        return sum(label != UNLABELLED for _, label in self._pictures(split))

    def ranges(self, split: str) -> Ranges:
        """Places in the order of each split. See `Source.ranges`."""

        def called(name: str) -> str:  # A split is known by all names that its folder may have.
            return split_folders.split_of(name) or name

        return split_slices.resolve(split, self.splits, called=called)


def open_folder(
    data_dir: str | None,
    *,
    max_bad_fraction: float,
    report: Callable[[str], None],
    kept_in: str | None = None,
) -> ImageFolder:
    """Lists a folder, decodes every picture in it once, and skips those that fail.

    Only a full decode finds every truncated file, and training must not fail on one hours later.
    It costs as much as decoding for one epoch, without augmentation and training: for a JPEG of
    512 x 400 about 1.5 ms of one core (100,000 of them on two cores: 75 s), for a PNG several
    times that. Every input worker pays it. Findings of a bucket are kept next to the pictures or,
    if that cannot be written, in `kept_in`: the next start decodes only what is new or changed.

    Each split is in a random but fixed order, by the hash of the relative path:
    `train[:80%]` and `train[80%:]` are a training and a test part with the classes mixed.

    Args:
      data_dir: the folder, local or on gs://; the layouts are those of `folder_layout.arrange`.
      max_bad_fraction: the largest fraction of files that may be unreadable.
      report: called with a line each that names and counts unreadable pictures, files that are
        not pictures, and pictures next to the class folders, if there are any.
      kept_in: a second folder for findings of a bucket, such as that of the run, or None.

    Raises:
      tf.errors.OpError: the folder is in a bucket that does not answer.
      ValueError: the folder is missing or has no pictures, its layout is ambiguous, or too many
        pictures are unreadable.
    """
    folder, paths = folder_listing.list_pictures(data_dir, report)
    layout = folder_layout.arrange(paths)
    found = examine(folder, paths, kept_in=kept_in, report=report)
    readable = {path: finding for path, finding in found.items() if finding.orientation}
    bad = [path for path in paths if path not in readable]
    _judge(folder, bad, len(paths), max_bad_fraction, report)
    _tell_unlabelled(layout, report)

    def read_by(*readers: str) -> tuple[str, ...]:
        return tuple(path for path, finding in readable.items() if finding.reader in readers)

    pictures = {
        split: tuple(
            (f"{readable[path].orientation}{tf.io.gfile.join(folder, path)}", labels[path])
            for path in sorted(labels, key=_hash)
            if path in readable
        )
        for split, labels in layout.splits.items()
    }
    return ImageFolder(
        name="image_folder",
        num_classes=len(layout.class_names),
        class_names=layout.class_names,
        splits={split: len(members) for split, members in pictures.items()},
        has_identity=False,
        licence="",  # Their owner knows it.
        pictures=pictures,
        folder=folder,
        of_one_host=read_by(decoding.RARE),
        by_python=read_by(decoding.PILLOW, decoding.RARE),
    )


def _read(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(EXIF orientation, encoded picture) of a record's `image`."""
    orientation = tf.strings.to_number(_cut(image, 0, 1), tf.int32)
    is_content = _cut(image, 1, 1) == _CONTENT
    encoded = tf.cond(is_content, lambda: _cut(image, 2), lambda: tf.io.read_file(_cut(image, 1)))
    return orientation, encoded


def _with_content(image: tf.Tensor) -> tf.Tensor:
    """A record's `image` with the encoded picture in place of its path."""
    return tf.strings.join([_cut(image, 0, 1), _CONTENT, tf.io.read_file(_cut(image, 1))])


def _cut(text: tf.Tensor, start: int, length: int = -1) -> tf.Tensor:
    return tf.strings.substr(text, start, length)


def _judge(
    folder: str, bad: list[str], total: int, limit: float, report: Callable[[str], None]
) -> None:
    if not bad:
        return
    named = _some(bad)
    if len(bad) > limit * total or len(bad) == total:
        raise ValueError(
            "`data_dir` must not hold more unreadable pictures than the fraction `max_bad_images`. "
            f"Received: data_dir={folder}, max_bad_images={limit:g}, {len(bad)} of {total} "
            f"unreadable: {named}. Repair or remove them, or raise --max_bad_images"
        )
    report(f"image_folder: {len(bad)} of {total} pictures unreadable, skipped: {named}")


def _tell_unlabelled(layout: folder_layout.Layout, report: Callable[[str], None]) -> None:
    """Names pictures without a label in splits where others have one."""
    for split, labels in layout.splits.items():
        without = sorted(path for path, label in labels.items() if label == UNLABELLED)
        if without and len(without) < len(labels):
            report(
                f"image_folder: no label for {len(without)} of {len(labels)} pictures in {split!r},"
                f" next to the class folders: {_some(without)}"
            )


def _some(paths: Sequence[str]) -> str:
    told = ", ".join(folder_listing.shown(path) for path in paths[:_NAMED])
    return told + (f" and {len(paths) - _NAMED} more" if paths[_NAMED:] else "")


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=16).digest()
