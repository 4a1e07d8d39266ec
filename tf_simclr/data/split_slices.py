"""Slices of splits, written as in TFDS: `train[:80%]`, `train[100:]`, `train+test`."""

import re
from collections.abc import Callable, Mapping

_PART = re.compile(r"(?P<name>\w+)(\[(?P<start>-?\d+%?)?:(?P<stop>-?\d+%?)?\])?")


def resolve(
    split: str, sizes: Mapping[str, int], *, called: Callable[[str], str] = str
) -> list[tuple[str, int, int]]:
    """Turns a split as the user writes it into ranges of examples.

    >>> resolve("train[80%:]+test", {"train": 10, "test": 4})
    [('train', 8, 10), ('test', 0, 4)]

    Args:
      split: split names, each with or without a slice in examples or percent, joined by +.
      sizes: split name -> number of examples.
      called: a name as the user writes it -> the split's name in `sizes`.

    Returns:
      (split name, first example, one past the last).

    Raises:
      ValueError: a split does not exist, the text cannot be parsed, or no examples are left.
    """
    ranges = [_resolve_part(part.strip(), split, sizes, called) for part in split.split("+")]
    if not sum(stop - start for _, start, stop in ranges):
        raise ValueError(
            f"`split` must hold at least one example. Received: split={split}, of which "
            f"{', '.join(f'{name} has {sizes[name]}' for name, _, _ in ranges)}"
        )
    return ranges


def names_in(split: str) -> set[str]:
    """The splits that a text names, with or without a slice; what cannot be parsed is left out.

    >>> sorted(names_in("train[80%:]+test"))
    ['test', 'train']

    Args:
      split: as `resolve` takes it.
    """
    found = (_PART.fullmatch(part.strip()) for part in split.split("+"))
    return {match["name"] for match in found if match}


def _resolve_part(
    part: str, split: str, sizes: Mapping[str, int], called: Callable[[str], str]
) -> tuple[str, int, int]:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(
            "`split` must be a split name with or without a slice, such as train, train[:80%] or "
            f"train[100:]. Received: split={split}"
        )
    name = called(match["name"])
    if name not in sizes:
        raise unknown_split(split, sizes)
    start = _boundary(match["start"] or "0", sizes[name])
    stop = _boundary(match["stop"] or "100%", sizes[name])
    return name, start, max(start, stop)


def unknown_split(split: str, sizes: Mapping[str, int]) -> ValueError:
    """Returns the error for a split that does not exist; it names those that do."""
    names = ", ".join(f"{name} ({size} examples)" for name, size in sizes.items())
    return ValueError(
        f"`split` must be one of {names}, or a slice such as train[:80%]. Received: split={split}"
    )


def _boundary(text: str, size: int) -> int:
    # Rounds as TFDS does, so that [:80%] and [80%:] meet.
    value = round(int(text[:-1]) * size / 100) if text.endswith("%") else int(text)
    return min(max(value + size if value < 0 else value, 0), size)
