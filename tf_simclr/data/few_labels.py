"""Which pictures of a split keep their labels: a balanced draw, or those that a file lists.

Semi-supervised learning of SimCLR (arXiv 2002.05709, section 4.2, and arXiv 2006.10029, section 3)
takes 1 % or 10 % of ImageNet's labels, balanced by class. Here the pictures of a split are given as
class name -> names of its labelled pictures, which are unique.
"""

import hashlib
import math
from collections.abc import Collection, Mapping

import tensorflow as tf

from tf_simclr.data.name_lists import names_in

# So many classes or files are named in an error; the rest are counted.
_NAMED = 5
# The share that an error asks for is rounded up to millionths, so that it can be typed.
_MILLION = 10**6

Pictures = Mapping[str, Collection[str]]


def draw_fraction(pictures: Pictures, label_fraction: float, *, seed: int) -> frozenset[str]:
    """Draws a share of each class.

    Of a class of n pictures, label_fraction * n are drawn, rounded to the nearest integer (a half
    is rounded up). The draw depends only on the names and the seed, not on the order of pictures or
    on other classes, and a smaller share is part of a larger one.

    >>> chosen = draw_fraction({"cat": ["a", "b", "c"], "dog": ["d", "e"]}, 0.5, seed=0)
    >>> len(chosen & {"a", "b", "c"}), len(chosen & {"d", "e"})
    (2, 1)

    Args:
      pictures: class name -> names of its labelled pictures; no class is empty.
      label_fraction: share of each class, in (0, 1].
      seed: of the draw, from 0 to 2**32 - 1.

    Returns:
      The names of those drawn.

    Raises:
      ValueError: a class gets no label; the message names the smallest share that avoids this.
    """
    counts = {name: math.floor(label_fraction * len(of) + 0.5) for name, of in pictures.items()}
    empty = [name for name, count in counts.items() if not count]
    if empty:
        smallest = min(len(pictures[name]) for name in empty)
        enough = math.ceil(_MILLION * 0.5 / smallest) / _MILLION
        raise ValueError(
            "`label_fraction` must leave each class a label. Received:"
            f" label_fraction={label_fraction}, which leaves none to {len(empty)} of"
            f" {len(pictures)} classes: {_some(empty)}. Give {enough:g} or more, or"
            " --labels_per_class."
        )
    return _draw(pictures, counts, seed)


def draw_per_class(pictures: Pictures, labels_per_class: int, *, seed: int) -> frozenset[str]:
    """Draws the same number of each class, in the same order as `draw_fraction`.

    Args:
      pictures: class name -> names of its labelled pictures.
      labels_per_class: how many of each, at least 1.
      seed: of the draw, from 0 to 2**32 - 1.

    Returns:
      The names of those drawn.

    Raises:
      ValueError: a class has fewer pictures.
    """
    small = [name for name, of in pictures.items() if len(of) < labels_per_class]
    if small:
        smallest = min(small, key=lambda name: (len(pictures[name]), name))
        raise ValueError(
            "`labels_per_class` must not be larger than a class. Received:"
            f" labels_per_class={labels_per_class}, and of {len(pictures)} classes {len(small)}"
            f" are smaller: {smallest!r} has {len(pictures[smallest])} labelled pictures."
        )
    return _draw(pictures, dict.fromkeys(pictures, labels_per_class), seed)


def choose_listed(pictures: Pictures, label_list: str) -> frozenset[str]:
    """The pictures that a file lists.

    A line is a picture's whole name, or its end after a `/`, if only one picture's name ends with
    it: `n01440764_10043.JPEG`, as in the lists of 1 % and 10 % of ImageNet that the original refers
    to, stands for `train/n01440764/n01440764_10043.JPEG`.

    Args:
      pictures: class name -> names of its labelled pictures.
      label_list: path of the file, as `read_list` takes it.

    Returns:
      Their whole names.

    Raises:
      ValueError: as `read_list`; a line fits no labelled picture, or several; or a class gets no
        label.
    """
    lines = read_list(label_list)
    fitting = _fitting(pictures, lines)
    unknown = [line for line in lines if not fitting[line]]
    if unknown:
        example = min(name for of in pictures.values() for name in of)
        raise ValueError(
            "`label_list` must name labelled pictures of the split. Received:"
            f" label_list={label_list!r}, where {len(unknown)} of {len(lines)} names fit none:"
            f" {_some(unknown)}. A name is like {example!r}, or its end after a /."
        )
    unclear = [line for line in lines if len(fitting[line]) > 1]
    if unclear:
        raise ValueError(
            "`label_list` must name one picture a line. Received:"
            f" label_list={label_list!r}, where {len(unclear)} of {len(lines)} names fit several:"
            f" {_some(unclear)}. Write more of the path: {_some(sorted(fitting[unclear[0]]))}."
        )
    chosen = frozenset(name for line in lines for name in fitting[line])
    empty = [name for name, of in pictures.items() if chosen.isdisjoint(of)]
    if empty:
        raise ValueError(
            f"`label_list` must leave each class a label. Received: {label_list=}, without any for"
            f" {len(empty)} of {len(pictures)} classes: {_some(empty)}."
        )
    return chosen


def read_list(label_list: str) -> list[str]:
    """Reads a text file of names in the form of `name_lists`; repeated names count once.

    Args:
      label_list: path, local or on gs://.

    Returns:
      The names, in their order.

    Raises:
      ValueError: the file cannot be read, is not UTF-8, or names nothing.
    """
    try:
        with tf.io.gfile.GFile(label_list, "rb") as file:
            text = file.read().decode()
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        reason = getattr(error, "message", error)
        raise ValueError(
            "`label_list` must be a text file with one picture's name a line. Received:"
            f" label_list={label_list!r}. {reason}"
        ) from error
    names = list(dict.fromkeys(names_in(text)))
    if not names:
        raise ValueError(
            f"`label_list` must name a picture. Received: {label_list=}, which is empty."
        )
    return names


def _draw(pictures: Pictures, counts: Mapping[str, int], seed: int) -> frozenset[str]:
    # A hash and no generator: only names decide, in every version of every library. A TFDS record's
    # name is its place in the files, so that data prepared otherwise draws others.
    def place(name: str) -> bytes:
        key = seed.to_bytes(8, "little")
        return hashlib.blake2b(name.encode(), digest_size=16, key=key).digest()

    return frozenset(
        name for label, of in pictures.items() for name in sorted(of, key=place)[: counts[label]]
    )


def _fitting(pictures: Pictures, lines: Collection[str]) -> dict[str, set[str]]:
    """Line -> names that it fits; only the whole name if there is one."""
    ending: dict[str, set[str]] = {line: set() for line in lines}
    whole = {name for of in pictures.values() for name in of if name in ending}
    for name in (name for of in pictures.values() for name in of):
        parts = name.split("/")
        for start in range(1, len(parts)):
            end = "/".join(parts[start:])
            if end in ending:
                ending[end].add(name)
    return ending | {name: {name} for name in whole}


def _some(names: Collection[str]) -> str:
    shown = [repr(name) for name in list(names)[:_NAMED]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
