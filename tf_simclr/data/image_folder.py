"""A folder of the user's own pictures as a source."""

import dataclasses
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent import futures

import tensorflow as tf

from tf_simclr.data import decoding, folder_layout, sources, split_slices

# So many unreadable files are named, the rest is counted.
_NAMED = 20
# From so many files on the check takes long enough to be announced.
_MANY = 5000


@dataclasses.dataclass(frozen=True, eq=False)
class ImageFolder(sources.Source):
    """Pictures in a folder; make it with `open_folder`.

    Attributes:
      pictures: split name -> (image, label) of each picture. An image is the EXIF orientation,
        one digit, and the path: the header has been read once, at opening, and decoding in the
        graph has no means to read it again.
      folder: that all paths begin with.
    """

    pictures: Mapping[str, tuple[tuple[str, int], ...]] = dataclasses.field(repr=False)
    folder: str

    def num_examples(self, split: str) -> int:
        """Counts the readable pictures. See `Source.num_examples`."""
        return sum(stop - start for _, start, stop in self.ranges(split))

    def records(
        self, split: str, *, num_shards: int = 1, shard_index: int = 0, names: bool = False
    ) -> tf.data.Dataset:
        """Gives every `num_shards`-th picture, its file unread. See `Source.records`."""
        sources.check_shard(num_shards, shard_index)
        chosen = [
            picture
            for name, start, stop in self.ranges(split)
            for picture in self.pictures[name][start:stop]
        ][shard_index::num_shards]
        columns = {
            "image": tf.constant([image for image, _ in chosen], tf.string),
            "label": tf.constant([label for _, label in chosen], tf.int64),
        }
        if names:
            paths = [os.path.relpath(image[1:], self.folder) for image, _ in chosen]
            columns["name"] = tf.constant(paths, tf.string)
        return tf.data.Dataset.from_tensor_slices(columns)

    def decode(self, image: tf.Tensor) -> tf.Tensor:
        """Reads a file, decodes it and turns it upright. See `Source.decode`."""
        orientation, encoded = _read(image)
        return decoding.turn_upright(decoding.decode_picture(encoded), orientation)

    def decode_windows(
        self, image: tf.Tensor, windows: sources.Windows
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Decodes of JPEGs only what the windows need. See `Source.decode_windows`."""
        orientation, encoded = _read(image)

        def turned() -> tuple[tf.Tensor, tf.Tensor]:
            picture = decoding.turn_upright(decoding.decode_picture(encoded), orientation)
            return picture, windows(tf.shape(picture))

        return tf.cond(
            orientation == 1, lambda: decoding.decode_picture_windows(encoded, windows), turned
        )

    def ranges(self, split: str) -> sources.Ranges:
        """Places in the order of each split. See `Source.ranges`."""
        known = dict(self.splits)
        if "validation" in known:  # The folder may be called val, and so may the split.
            known["val"] = known["validation"]
        return [
            (folder_layout.SPLIT_FOLDERS[name], start, stop)
            for name, start, stop in split_slices.resolve(split, known)
        ]


def open_folder(
    data_dir: str | None, *, max_bad_fraction: float, report: Callable[[str], None]
) -> ImageFolder:
    """Lists a folder, decodes every picture in it once, and passes over those that fail.

    Only a full decode finds every truncated file, and training must not die of one hours later.
    It costs what decoding them for one epoch costs, before augmentation and training: for a JPEG
    of 512 x 400 about 1.5 ms of one core (100,000 of them on two cores: 75 s), for a PNG several
    times that. Every input worker pays it.

    Each split lies in an order that is random but fixed, by the hash of the relative path:
    `train[:80%]` and `train[80%:]` are a training and a test part with the classes mixed.

    Args:
      data_dir: the folder, local or on gs://; the layouts are those of `folder_layout.arrange`.
      max_bad_fraction: the largest fraction of files that may be unreadable.
      report: is given one line that names and counts unreadable files, where there are any.

    Raises:
      ValueError: the folder is missing or has no pictures, or too many of them are unreadable.
    """
    folder, paths = _list_folder(data_dir)
    layout = folder_layout.arrange(paths)
    if len(paths) >= _MANY:
        report(f"image_folder: decoding {len(paths)} pictures once to find unreadable ones")
    orientations = _examine(folder, paths)
    bad = [path for path in paths if path not in orientations]
    _judge(folder, bad, len(paths), max_bad_fraction, report)
    pictures = {
        split: tuple(
            (f"{orientations[path]}{tf.io.gfile.join(folder, path)}", labels[path])
            for path in sorted(labels, key=_hash)
            if path in orientations
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
    )


def _list_folder(data_dir: str | None) -> tuple[str, list[str]]:
    if not data_dir:
        raise ValueError(
            "`data_dir` must be the folder of pictures when `dataset` is image_folder. "
            f"Received: data_dir={data_dir}"
        )
    folder = os.path.expanduser(data_dir)
    if not tf.io.gfile.isdir(folder):
        raise ValueError(f"`data_dir` must be a folder that exists. Received: data_dir={data_dir}")
    paths = folder_layout.list_images(folder)
    if not paths:
        raise ValueError(
            "`data_dir` must hold pictures, files that end in "
            f"{', '.join(folder_layout.IMAGE_SUFFIXES)}. Received: data_dir={data_dir}, "
            "which has none"
        )
    return folder, paths


def _examine(folder: str, paths: Iterable[str]) -> dict[str, int]:
    """Returns path -> EXIF orientation of the pictures that can be decoded."""

    def orientation(path: str) -> int | None:
        try:
            encoded = tf.io.read_file(tf.io.gfile.join(folder, path))
            _decode(encoded)
        except Exception:  # Whatever a decoder raises, the file is of no use.
            return None
        return decoding.read_orientation(encoded.numpy())

    with futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        found = zip(paths, pool.map(orientation, paths), strict=True)
        return {path: value for path, value in found if value is not None}


def _read(image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(EXIF orientation, encoded picture) of a record's `image`."""
    orientation = tf.strings.to_number(tf.strings.substr(image, 0, 1), tf.int32)
    return orientation, tf.io.read_file(tf.strings.substr(image, 1, tf.strings.length(image) - 1))


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _decode(encoded: tf.Tensor) -> tf.Tensor:
    return decoding.decode_picture(encoded)


def _judge(
    folder: str, bad: list[str], total: int, limit: float, report: Callable[[str], None]
) -> None:
    if not bad:
        return
    named = ", ".join(bad[:_NAMED]) + (f" and {len(bad) - _NAMED} more" if bad[_NAMED:] else "")
    if len(bad) > limit * total or len(bad) == total:
        raise ValueError(
            "`data_dir` must not hold more unreadable pictures than the fraction `max_bad_images`. "
            f"Received: data_dir={folder}, max_bad_images={limit:g}, {len(bad)} of {total} "
            f"unreadable: {named}. Mend or remove them, or raise --max_bad_images"
        )
    report(f"image_folder: {len(bad)} of {total} pictures unreadable, passed over: {named}")


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=16).digest()
