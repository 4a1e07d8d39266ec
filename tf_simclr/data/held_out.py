"""Which pictures of a folder are held out for evaluation: the same share of each class.

They are drawn by a hash of their content, so that neither the order of a listing nor a picture's
name matters, and pictures that come later move hardly any of the others. Pictures of equal content
are held out together or not at all.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

SPLIT = "held_out"  # its name in flags
SHARE = 0.1
LEAST = 100  # pictures; fewer tell little: at 50 % right their standard error is 5 points
# A list of a run belongs to a folder that has at least this share of it, by content.
_KNOWN = 0.1


class Again(NamedTuple):
    """Pictures that a run held out before, in its folder as it is now.

    Attributes:
      held_out: those that are held out again.
      left_out: new copies of them, which belong neither there nor to training.
      missing: how many are gone.
    """

    held_out: frozenset[str]
    left_out: frozenset[str]
    missing: int


def choose(
    labels: Mapping[str, int],
    contents: Mapping[str, str],
    *,
    share: float = SHARE,
    least: int = LEAST,
) -> frozenset[str]:
    """Draws the pictures that are held out.

    >>> labels = {"cat/a": 0, "cat/b": 0, "cat/c": 0, "dog/d": 1, "dog/e": 1}
    >>> sorted(choose(labels, {name: name for name in labels}))
    ['cat/a', 'dog/e']

    They are `share` of all, but at least `least` of them and at most half. Each class has its part
    of them in proportion, rounded by the largest remainder, and keeps at least half of its pictures
    for training: of a class of one picture none is held out. If all classes are as small, their
    labels are ignored. Copies can make a class miss its part by half of their number.

    Args:
      labels: name of a picture -> its label; those without one (-1) count as one more class.
      contents: name -> a key of its content: equal for equal content only.
      share: in [0, 0.5].
      least: number of pictures.

    Returns:
      The names; none if there are no two pictures of different content.
    """
    copies: dict[str, list[str]] = {}
    for name in labels:
        copies.setdefault(contents[name], []).append(name)
    sizes = Counter(labels.values())
    most = {label: size // 2 for label, size in sizes.items()}
    if len(labels) > 1 and not any(most.values()):
        return choose(dict.fromkeys(labels, 0), contents, share=share, least=least)
    wanted = max(round(share * len(labels)), min(least, len(labels) // 2))
    quota = _apportion(wanted, sizes)
    chosen: list[str] = []
    held = dict.fromkeys(sizes, 0)
    for key in sorted(copies, key=_place):
        if len(chosen) >= wanted:
            break
        names = copies[key]
        more = Counter(labels[name] for name in names)
        # All copies or none: whichever is closer to the quota.
        if all(
            held[label] + count / 2 <= quota[label] and held[label] + count <= most[label]
            for label, count in more.items()
        ):
            chosen += names
            for label, count in more.items():
                held[label] += count
    return frozenset(chosen)


def again(before: Mapping[str, str], contents: Mapping[str, str]) -> Again | None:
    """Finds the pictures that a run held out.

    A picture that was renamed is found by its content. Other pictures that have come since belong
    to training, except for copies.

    >>> found = again({"a": "1", "b": "2", "c": "3"}, {"a": "1", "B": "2", "d": "1", "e": "4"})
    >>> sorted(found.held_out), sorted(found.left_out), found.missing
    (['B', 'a'], ['d'], 1)

    Args:
      before: name -> key of the content of those that the run held out, at least one.
      contents: the same of the pictures that there are now.

    Returns:
      What was found; None if this is another folder: it has less than a tenth of their contents.
    """
    now = set(contents.values())
    there = sum(key in now for key in before.values())
    if there < _KNOWN * len(before):
        return None
    held = {name for name in before if name in contents}
    known = set(before.values())
    moved = {key for name, key in before.items() if name not in contents}
    others = [name for name, key in contents.items() if key in known and name not in held]
    held |= {name for name in others if contents[name] in moved}
    missing = sum(name not in contents and key not in now for name, key in before.items())
    return Again(frozenset(held), frozenset(others) - held, missing)


def _apportion(wanted: int, sizes: Mapping[int, int]) -> dict[int, int]:
    """How many of `wanted` fall to each class: in proportion, by the largest remainder."""
    total = sum(sizes.values())
    quota = {label: wanted * size // total for label, size in sizes.items()}
    rest = wanted - sum(quota.values())
    for label in sorted(sizes, key=lambda of: (-(wanted * sizes[of] % total), of))[:rest]:
        quota[label] += 1
    return quota


def _place(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=16).digest()
