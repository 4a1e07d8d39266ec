"""Which pictures a folder holds in which splits, and which class each one has."""

import dataclasses
import unicodedata
from collections.abc import Iterable, Mapping

from tf_simclr.data import split_folders
from tf_simclr.data.source import UNLABELLED


@dataclasses.dataclass(frozen=True)
class Layout:
    """The splits and classes of a folder.

    Attributes:
      class_names: sorted names of the class folders; empty without labels.
      splits: split name -> {path relative to the folder: label}, -1 for unlabelled.
    """

    class_names: tuple[str, ...]
    splits: Mapping[str, Mapping[str, int]]


def arrange(paths: Iterable[str]) -> Layout:
    """Reads splits and classes off the paths.

    Splits: if every first-level folder has a split's name, each is a split; otherwise everything
    is the split train. `split_folders.find_splits` has the names, and says what is ambiguous.
    Classes: if a split has at least two first-level folders, these are its classes; a picture next
    to them has no label. The classes of all splits are united and sorted, so that a label means
    the same in each. A split with only one such folder is labelled too if another split has a
    class of that name; any other split is unlabelled.

        DIR/a.png                  train, unlabelled
        DIR/cat/a.png              train, class cat (beside at least one other folder)
        DIR/Training/a.png         train, unlabelled
        DIR/test/cat/more/a.png    test, class cat

    Args:
      paths: relative paths with forward slashes.

    Raises:
      ValueError: the folders are ambiguous: splits next to others, or a class that is written
        differently in two splits.
    """
    members = _group_by_split(list(paths))
    folders = {split: _first_folders(inside.values()) for split, inside in members.items()}
    classes = sorted(set().union(*(names for names in folders.values() if len(names) > 1)))
    _check_spelling(folders, classes)
    label_of = {name: label for label, name in enumerate(classes)}
    splits = {}
    for split, inside in members.items():
        labelled = folders[split] <= set(classes)
        splits[split] = {
            path: label_of.get(_first(rest), UNLABELLED) if labelled else UNLABELLED
            for path, rest in inside.items()
        }
    return Layout(class_names=tuple(classes), splits=splits)


def _group_by_split(paths: list[str]) -> dict[str, dict[str, str]]:
    """Returns split -> {path: path inside the split}."""
    folders: dict[str, set[str]] = {}
    for path in paths:
        head = _first(path)
        folders.setdefault(head, set()).add(_first(path.removeprefix(f"{head}/")))
    found = split_folders.find_splits(folders)
    if not found:
        split_folders.refuse_inner_splits(paths)
        return {"train": {path: path for path in paths}}
    splits: dict[str, dict[str, str]] = {}
    for path in paths:
        head, rest = path.split("/", 1)
        splits.setdefault(found[head], {})[path] = rest
    return splits


def _first(path: str) -> str:
    """The first folder of a path; "" for a file without one."""
    return path.split("/", 1)[0] if "/" in path else ""


def _first_folders(paths: Iterable[str]) -> set[str]:
    return {_first(path) for path in paths} - {""}


def _check_spelling(folders: Mapping[str, set[str]], classes: list[str]) -> None:
    """Refuses a class that two splits write differently: it would be two classes."""
    for split, names in folders.items():
        for other, others in folders.items():
            here, there = (names - others) & set(classes), (others - names) & set(classes)
            plain = {_plain(name): name for name in there}
            same = [(name, plain[_plain(name)]) for name in here if _plain(name) in plain]
            if same:
                first, second = min(same)
                raise ValueError(
                    "`data_dir` must call a class by the same name in all splits. Received:"
                    f" {first!r} in {split}, {second!r} in {other}. Rename one of them."
                )


def _plain(name: str) -> str:
    """A name without case, spaces around it, and systems' differences in storing accents."""
    return unicodedata.normalize("NFKC", name).casefold().strip()
