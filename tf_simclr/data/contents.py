"""Describes a data set in a line: its classes, and how many pictures there are for each use."""

from collections.abc import Mapping

from tf_simclr.data.folder_listing import shown
from tf_simclr.data.name_lists import some
from tf_simclr.data.source import Source

# So many classes are named; the rest are counted.
_NAMED = 10


def describe(data: Source, uses: Mapping[str, str]) -> str:
    """Says what was found: "3 classes: cat, dog, emu; 60 pictures to train, 24 to judge".

    Args:
      data: the data set.
      uses: a use of pictures, such as "to train" -> their split; one that does not exist is left
        out here, and is an error when it is read.
    """
    counts = [count for use, split in uses.items() if (count := _count(data, split, use))]
    if counts:
        first, *rest = counts
        number, _, what = first.partition(" ")
        counts = [f"{number} picture{'' if number == '1' else 's'} {what}", *rest]
    return "; ".join([_classes(data.class_names), *([", ".join(counts)] if counts else [])])


def _classes(names: tuple[str, ...]) -> str:
    if not names:
        return "No classes"
    return f"{len(names)} classes: {some(list(map(shown, names)), _NAMED)}"


def _count(data: Source, split: str, use: str) -> str:
    try:
        count, labelled = data.num_examples(split), data.num_labelled(split)
    except ValueError:
        return ""
    without = 0 if labelled is None or not data.num_classes else count - labelled
    of_them = " (" + ("none has a label)" if without == count else f"{without} without a label)")
    return f"{count} {use}{of_them if without else ''}"
