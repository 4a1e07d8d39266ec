"""Which pictures a folder holds, in which splits, and which class each one has."""

import dataclasses
import os
import posixpath
from collections.abc import Iterable, Mapping

import tensorflow as tf

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
# First-level folders that are splits, and the split each one is.
SPLIT_FOLDERS = {"train": "train", "test": "test", "validation": "validation", "val": "validation"}
_HIDDEN = (".", "__MACOSX")


@dataclasses.dataclass(frozen=True)
class Layout:
    """What a folder means.

    Attributes:
      class_names: sorted names of the class folders; empty without labels.
      splits: split name -> {path relative to the folder: label}, -1 for unlabelled.
    """

    class_names: tuple[str, ...]
    splits: Mapping[str, Mapping[str, int]]


def list_images(folder: str) -> list[str]:
    """Lists the pictures in a folder and in the folders inside it, by their file names alone.

    Hidden files and __MACOSX are skipped, links are followed.

    Args:
      folder: a local path or anything else that tf.io.gfile reads, such as gs://bucket/pictures.

    Returns:
      Paths relative to `folder`, with forward slashes, sorted.

    Raises:
      ValueError: a folder cannot be listed, or a file name is not UTF-8.
    """
    try:
        return sorted(_walk(folder, "", (os.path.realpath(folder),)))
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise ValueError(
            "`data_dir` must be a folder whose subfolders can be listed and whose file names are "
            f"UTF-8. Received: data_dir={folder}. {getattr(error, 'message', error)}"
        ) from error


def arrange(paths: Iterable[str]) -> Layout:
    """Reads splits and classes off the paths.

    Splits: where every first-level folder is called train, test, validation or val, each is a
    split (val is called validation); otherwise everything is the split train.
    Classes: in a split where every picture lies in a first-level folder and there are at least
    two of these, they are its classes. The classes of all splits are united and sorted, so that
    a label means the same in each. A split with only one such folder is labelled too where
    another split has a class of that name; any other split is unlabelled.

        DIR/a.png                  train, unlabelled
        DIR/cat/a.png              train, class cat (beside at least one other folder)
        DIR/train/a.png            train, unlabelled
        DIR/test/cat/more/a.png    test, class cat

    Args:
      paths: relative paths with forward slashes.

    Raises:
      ValueError: train stands beside another split, and beside something that is none.
    """
    members = _group_by_split(paths)
    folders = {split: _first_folders(inside.values()) for split, inside in members.items()}
    classes = sorted(set().union(*(names for names in folders.values() if len(names) > 1)))
    label_of = {name: label for label, name in enumerate(classes)}
    splits = {}
    for split, inside in members.items():
        labelled = bool(folders[split]) and folders[split] <= set(classes)
        splits[split] = {
            path: label_of[rest.split("/")[0]] if labelled else -1 for path, rest in inside.items()
        }
    return Layout(class_names=tuple(classes), splits=splits)


def _walk(folder: str, prefix: str, ancestors: tuple[str, ...]) -> Iterable[str]:
    for entry in tf.io.gfile.listdir(folder):
        name = entry.rstrip("/")  # gs:// marks folders so.
        if name.startswith(_HIDDEN):
            continue
        path = tf.io.gfile.join(folder, name)
        # A name is believed: on gs:// asking whether it is a folder costs a request a picture.
        if name.lower().endswith(IMAGE_SUFFIXES):
            yield prefix + name
        elif tf.io.gfile.isdir(path):
            target = os.path.realpath(path)
            if target not in ancestors:  # A link to a folder above would never end.
                yield from _walk(path, f"{prefix}{name}/", (*ancestors, target))


def _group_by_split(paths: Iterable[str]) -> dict[str, dict[str, str]]:
    """Returns split -> {path: path inside the split}."""
    paths = list(paths)
    heads = {path.split("/")[0] if "/" in path else "" for path in paths}
    named = {head for head in heads if head.lower() in SPLIT_FOLDERS}
    others = heads - named
    if others and len(named) > 1 and "train" in {head.lower() for head in named}:
        raise ValueError(
            "`data_dir` must hold either splits (train, test, validation) or classes and pictures, "
            f"not both. Received: splits {', '.join(sorted(named))} beside "
            f"{', '.join(sorted(other or 'pictures' for other in others))}. Move or rename these."
        )
    if others:
        return {"train": {path: path for path in paths}}
    splits: dict[str, dict[str, str]] = {}
    for path in paths:
        head, rest = path.split("/", 1)
        splits.setdefault(SPLIT_FOLDERS[head.lower()], {})[path] = rest
    return splits


def _first_folders(paths: Iterable[str]) -> set[str]:
    """Returns the first-level folders, or nothing where a picture lies in none."""
    heads = {path.split("/")[0] if posixpath.dirname(path) else "" for path in paths}
    return set() if "" in heads else heads
