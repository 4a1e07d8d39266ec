"""Which first-level folders of pictures are splits, and which layouts are ambiguous."""

import re
from collections.abc import Collection, Iterable, Mapping

# The names that a split goes by, in lower case.
SPLIT_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("test", "testing"), "test"),
    **dict.fromkeys(("validation", "valid", "val", "dev"), "validation"),
}
# Words in a name that make it look like a split's, though nobody can be sure: train2017, test_set.
_LIKE = SPLIT_OF | {
    **dict.fromkeys(("trainset", "trn"), "train"),
    **dict.fromkeys(("testset", "tests", "tst"), "test"),
    **dict.fromkeys(("valset", "eval", "evaluation", "holdout"), "validation"),
}
_LONG = ("train", "test", "validation")
_NAMES = "train, test and validation"
_NAMED = 8


def split_of(folder: str) -> str | None:
    """The split of a folder with this name, in any case; None for other names."""
    return SPLIT_OF.get(folder.lower())


def find_splits(folders: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Decides whether the first-level folders are splits.

    They are if each has a split's name. They are not if none has one. A `train` is a class if it
    and the folders next to it all hold pictures themselves: bus, car, train.

    Args:
      folders: name -> its inner folders with pictures; "" is among them if it has pictures itself.
        The name "" stands for pictures in no folder.

    Returns:
      Folder -> split; {} if there are no splits.

    Raises:
      ValueError: it is ambiguous which pictures to train on; the message says what was found and
        what to do.
    """
    named = {name: split for name in folders if (split := split_of(name))}
    others = [name for name in folders if name not in named]
    if not named or (any(others) and _is_class(named, folders)):
        _refuse_look_alikes(folders)
        return {}
    if others:
        raise ValueError(
            f"`data_dir` must hold either splits ({_NAMES}) or classes and pictures, not both. "
            f"Received: splits {_some(named)} next to {_some(others)}. Move or rename these, or "
            "rename what is not a split."
        )
    twice = [split for split in named.values() if list(named.values()).count(split) > 1]
    if twice:
        same = [name for name, split in named.items() if split == twice[0]]
        raise ValueError(
            "`data_dir` must hold one folder for each split. Received: "
            f"{_some(same)}, which are all called {twice[0]} in flags. Make one folder of them."
        )
    return named


def refuse_inner_splits(paths: Iterable[str]) -> None:
    """Raises ValueError if several splits are inside of another folder.

    Args:
      paths: of pictures, relative, in a folder that has no splits itself.
    """
    inside: dict[str, set[str]] = {}
    for path in paths:
        folders = path.split("/")[:-1]
        for depth, name in enumerate(folders):
            if depth and split_of(name):
                inside.setdefault("/".join(folders[:depth]), set()).add(name)
    for folder, names in sorted(inside.items()):
        if len({split_of(name) for name in names}) > 1:
            raise ValueError(
                "`data_dir` must be the folder that holds the splits, with classes inside of "
                f"splits. Received: {_some(names)} inside of {folder}. Give another folder, or "
                "rename what is not a split."
            )


def _is_class(named: Mapping[str, str], folders: Mapping[str, Collection[str]]) -> bool:
    """Whether `train` is a class among others: all folders hold pictures themselves."""
    if list(named.values()) != ["train"] or set(folders[next(iter(named))]) != {""}:
        return False  # With folders inside it is a split of classes, perhaps with a stray picture.
    return all("" in inside for name, inside in folders.items() if name)


def _refuse_look_alikes(folders: Mapping[str, Collection[str]]) -> None:
    alike = {name: split for name in folders if (split := _like(name))}
    # Among many classes two may have such names: bullet_train, test_tube.
    if len(set(alike.values())) > 1 and 2 * len(alike) >= len(folders):
        raise ValueError(
            f"`data_dir` must call splits {_NAMES}. Received: {_some(alike)}, which look like "
            "splits. Rename them, also if they are classes."
        )


def _like(folder: str) -> str | None:
    words = re.findall("[a-z]+", re.sub("([a-z])([A-Z])", r"\1 \2", folder).lower())
    whole = next((_LIKE[word] for word in words if word in _LIKE), None)
    begun = (split for word in words for split in _LONG if word.startswith(split))  # traindata
    return whole or next(begun, None)


def _some(names: Collection[str]) -> str:
    told = sorted(name or "pictures" for name in names)
    more = len(told) - _NAMED
    return ", ".join(told[:_NAMED]) + (f" and {more} more" if more > 0 else "")
