"""A folder of the user's own pictures as a source."""

import dataclasses
import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from tf_simclr.data import (
    decoding,
    folder_layout,
    folder_listing,
    held_out,
    shares,
    split_folders,
    split_slices,
)
from tf_simclr.data.examination import examine
from tf_simclr.data.facts import Facts, facts_of
from tf_simclr.data.kept_findings import READERS
from tf_simclr.data.name_lists import some
from tf_simclr.data.source import UNLABELLED, Ranges, Source, Windows
from tf_simclr.data.stratified_order import stratified_order

# So many unreadable files are named; the rest are counted.
_NAMED = 20
_TRAIN = "train"
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
      details: split name -> array of kept_findings.FINDING, [pictures], in the order of `pictures`.
      whole: the same folder with nothing held out; None if this is it.
    """

    pictures: Mapping[str, tuple[tuple[str, int], ...]] = dataclasses.field(repr=False)
    folder: str
    of_one_host: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    by_python: tuple[str, ...] = dataclasses.field(default=(), repr=False)
    details: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict, repr=False)
    whole: "ImageFolder | None" = dataclasses.field(default=None, repr=False)

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
            columns["name"] = tf.constant(self._names(chosen), tf.string)
        return tf.data.Dataset.from_tensor_slices(columns)

    def check_shards(self, num_shards: int) -> None:
        """Only one host can read pictures `of_one_host`. See `Source.check_shards`.

        Raises:
          ValueError: if there are several shards and such pictures.
        """
        if num_shards > 1 and self.of_one_host:
            raise ValueError(
                "`data_dir` must hold JPEG, PNG, GIF, BMP or WebP pictures if several hosts read"
                f" it. Received: data_dir={self.folder}, with {len(self.of_one_host)} of other"
                f" formats: {_some(self.of_one_host)}. Convert them, or train on one host."
            )

    def share_at(self, split: str, places: np.ndarray) -> shares.ListedShare:
        """Places in the order of the split. See `Source.share_at`."""
        images, labels = map(tf.constant, zip(*self._pictures(split)))

        def parse(place: tf.Tensor) -> shares.Record:
            return {"image": images[place], "label": tf.cast(labels[place], tf.int64)}

        return shares.ListedShare(tf.constant(places), parse, _with_content)

    def places(self, split: str, names: Sequence[str]) -> np.ndarray:
        """Finds them in the list. See `Source.places`."""
        place = {name: place for place, name in enumerate(self._names(self._pictures(split)))}
        return np.array([place.get(name, -1) for name in names], np.int64)

    def _pictures(self, split: str) -> list[tuple[str, int]]:
        return [
            picture
            for name, start, stop in self.ranges(split)
            for picture in self.pictures[name][start:stop]
        ]

    def _names(self, pictures: Iterable[tuple[str, int]]) -> list[str]:
        """Their paths in the folder."""
        start = len(tf.io.gfile.join(self.folder, "x"))  # of an image, with its orientation
        return [image[start:] for image, _ in pictures]

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

    def facts(self, split: str) -> Facts:
        """What the readable pictures of a split are like; nothing is read or decoded for it.

        Args:
          split: a split name or a slice of one.

        Raises:
          ValueError: as `num_examples`.
        """
        parts = [self.details[name][start:stop] for name, start, stop in self.ranges(split)]
        details = np.concatenate(parts)
        labels = np.array([label for _, label in self._pictures(split)], np.int64)
        sizes = np.stack([details["height"], details["width"]], axis=1)
        return facts_of(labels, sizes, details["gray"])

    def side(self, split: str) -> int:
        """As `facts` has it. See `Source.side`."""
        return self.facts(split).side

    def hold_out(
        self, before: Mapping[str, str] | None, report: Callable[[str], None]
    ) -> "ImageFolder | None":
        """Nothing is read or decoded for it. See `Source.hold_out`.

        Raises:
          ValueError: there is nothing to choose: no two pictures of different content.
        """
        if _TRAIN not in self.pictures:
            return None
        contents = self._contents(_TRAIN)
        if before is None:
            labels = (label for _, label in self.pictures[_TRAIN])
            held = held_out.choose(dict(zip(contents, labels)), contents)
            _require_any(held, self.folder, len(contents))
            return self._with_splits({held_out.SPLIT: held})
        found = held_out.again(before, contents)
        if found is None:
            return None
        for line in _tell_again(found, len(before)):
            report(f"image_folder: {line}")
        return self._with_splits({held_out.SPLIT: found.held_out, "": found.left_out})

    def with_all(self) -> "ImageFolder":
        """See `Source.with_all`."""
        return self.whole or self

    def in_order(self, *, stratified: bool) -> "ImageFolder":
        """See `Source.in_order`."""
        pictures, details = {}, {}
        for split, members in self.pictures.items():
            names = self._names(members)
            rows = sorted(range(len(names)), key=lambda row: _hash(names[row]))
            if stratified:
                rows = [rows[place] for place in stratified_order([members[r][1] for r in rows])]
            pictures[split] = tuple(members[row] for row in rows)
            details[split] = self.details[split][rows]
        whole = self.whole and self.whole.in_order(stratified=stratified)
        return dataclasses.replace(self, pictures=pictures, details=details, whole=whole)

    @property
    def held_out(self) -> Mapping[str, str]:
        """Those of its split. See `Source.held_out`."""
        return self._contents(held_out.SPLIT)

    def _contents(self, split: str) -> dict[str, str]:
        """Name -> a key of its content; {} if there is no such split."""
        if split not in self.pictures:
            return {}
        keys = self.details[split]["content"].tolist()
        return {name: f"{key:016x}" for name, key in zip(self._names(self.pictures[split]), keys)}

    def _with_splits(self, moved: Mapping[str, frozenset[str]]) -> "ImageFolder":
        """Moves pictures of train to splits of their own, or "" for none; their order stays."""
        of = {name: split for split, names in moved.items() for name in names}
        names = self._names(self.pictures[_TRAIN])
        placed = np.array([of.get(name, _TRAIN) for name in names])
        pictures, details = dict(self.pictures), dict(self.details)
        for split in (_TRAIN, *filter(None, moved)):
            rows = np.flatnonzero(placed == split)
            pictures[split] = tuple(self.pictures[_TRAIN][row] for row in rows)
            details[split] = self.details[_TRAIN][rows]
        splits = {split: len(members) for split, members in pictures.items()}
        return dataclasses.replace(
            self, pictures=pictures, details=details, splits=splits, whole=self
        )

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
    show: bool = True,
    keep: bool = True,
) -> ImageFolder:
    """Lists a folder, decodes every picture in it once, and skips those that fail.

    Only a full decode finds every truncated file, and training must not fail on one hours later.
    It costs as much as decoding for one epoch, without augmentation and training: for a JPEG of
    512 x 400 about 1.5 ms of one core (100,000 of them on two cores: 75 s), for a PNG several
    times that. Every input worker pays it once: what was found is kept, see `kept_findings`, and
    the next start decodes only what is new or changed.

    Each split is in a random but fixed order, by the hash of the relative path:
    `train[:80%]` and `train[80%:]` are a training and a test part with the classes mixed.
    `ImageFolder.in_order` gives both the same share of each class.

    Args:
      data_dir: the folder, local or on gs://; the layouts are those of `folder_layout.arrange`.
      max_bad_fraction: the largest fraction of files that may be unreadable.
      report: called with a line each that names and counts unreadable pictures, files that are
        not pictures, and pictures next to the class folders, if there are any.
      kept_in: a second folder to keep findings in, such as that of the run, or None.
      show: whether to show how far it has come.
      keep: whether to keep what was found; false writes nothing.

    Raises:
      tf.errors.OpError: the folder is in a bucket that does not answer.
      ValueError: the folder is missing or has no pictures, its layout is ambiguous, or too many
        pictures are unreadable.
    """
    listing = folder_listing.list_pictures(data_dir, report)
    folder, paths = listing.folder, listing.paths
    layout = folder_layout.arrange(paths)
    found = examine(listing, kept_in=kept_in, report=report, show=show, keep=keep)
    row = {path: row for row, path in enumerate(paths) if found["orientation"][row]}
    bad = [path for path in paths if path not in row] if len(row) < len(paths) else []
    _judge(folder, bad, len(paths), max_bad_fraction, report)
    _tell_unlabelled(layout, report)

    def read_by(*readers: str) -> tuple[str, ...]:
        numbers = [READERS.index(reader) for reader in readers]
        return tuple(paths[row] for row in np.flatnonzero(np.isin(found["reader"], numbers)))

    start = tf.io.gfile.join(folder, "x")[:-1]
    pictures, details = {}, {}
    for split, labels in layout.splits.items():
        ordered = sorted((path for path in labels if path in row), key=_hash)
        details[split] = found[[row[path] for path in ordered]]
        upright = map(str, details[split]["orientation"].tolist())
        pictures[split] = tuple(
            (f"{orientation}{start}{path}", labels[path])
            for orientation, path in zip(upright, ordered)
        )
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
        details=details,
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
        enough = math.ceil(1000 * len(bad) / total) / 1000
        leave_out = f", or leave them out by --max_bad_images={enough:g}" if enough < 1 else ""
        raise ValueError(
            "`data_dir` must not hold more unreadable pictures than the fraction `max_bad_images`. "
            f"Received: data_dir={folder}, max_bad_images={limit:g}, {len(bad)} of {total} "
            f"unreadable: {named}. Repair or remove them{leave_out}."
        )
    report(f"image_folder: {len(bad)} of {total} pictures unreadable, skipped: {named}")


def _tell_again(found: held_out.Again, before: int) -> list[str]:
    gone, copies = found.missing, len(found.left_out)
    lines = [f"{gone} of {before} held-out pictures {'is' if gone == 1 else 'are'} gone"]
    lines += [
        f"{copies} new picture{' is a copy' if copies == 1 else 's are copies'} of held-out ones:"
        " left out"
    ]
    return [line for line, count in zip(lines, (gone, copies)) if count]


def _require_any(held: Collection[str], folder: str, pictures: int) -> None:
    if not held:
        raise ValueError(
            "`data_dir` must hold at least two pictures of different content if some are held out"
            f" for evaluation. Received: data_dir={folder}, with {pictures} pictures of one"
            " content. Add pictures, or a folder of test pictures."
        )


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
    return some([folder_listing.shown(path) for path in paths], _NAMED)


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=16).digest()
