"""Which emoji are variants of one another, and which of them go to the test split.

A variant (man, woman, person; turned around; the flag of a territory that is its country's flag)
in training would give a test emoji away. So emoji are grouped, and a group is never divided.
"""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

# Two drawings of one vendor nearer than this (root mean square over 32*32*3 values of 0..255),
# as they are or mirrored, look like one drawing: hands left and right, Norway and Svalbard.
SAME_DRAWING_RMS = 8
# A larger group is many pictures of one thing (families, clock faces): it would swamp the test.
LARGEST_TEST_GROUP = 8
TEST_PART = 4  # One in four.

_DROPPED = {"FE0F", "200D", "2640", "2642", "27A1"}  # variation, joiner, female, male, right arrow
_ADULT, _CHILD = "1F9D1", "1F9D2"
_SAME = {
    **dict.fromkeys(("1F468", "1F469"), _ADULT),  # man, woman
    **dict.fromkeys(("1F466", "1F467"), _CHILD),  # boy, girl
    **dict.fromkeys(("1F474", "1F475"), "1F9D3"),  # old man, old woman
    **dict.fromkeys(("1F934", "1F478"), "1FAC5"),  # prince, princess, person with crown
    **dict.fromkeys(("1F930", "1FAC3"), "1FAC4"),  # pregnant woman, man, person
    "1F57A": "1F483",  # man dancing, woman dancing
    **{f"{0x1F550 + hour:X}": "1F550" for hour in range(24)},  # clock faces
    **{f"{0x1F311 + phase:X}": "1F311" for phase in range(8)},  # phases of the moon
    **dict.fromkeys(("1F446", "1F447", "1F448"), "1F449"),  # pointing hand, four ways
    **dict.fromkeys(("2B06", "2197", "27A1", "2198", "2B07", "2199", "2B05", "2196"), "2B06"),
    **dict.fromkeys(("25FC", "25FE", "25AA"), "2B1B"),  # black square, four sizes
    **dict.fromkeys(("25FB", "25FD", "25AB"), "2B1C"),  # white square, four sizes
    "2665": "2764",  # hearts of a card game, heart
    "1F538": "1F536",  # orange diamond, two sizes
    "1F539": "1F537",  # blue diamond, two sizes
}
# One codepoint that means what a sequence spells out.
_SPELLED = {
    "1F46A": f"{_ADULT}-{_CHILD}",  # family
    **dict.fromkeys(("1F46B", "1F46C", "1F46D"), f"{_ADULT}-1F91D"),  # two holding hands
    "1F48F": f"{_ADULT}-2764-1F48B",  # kiss
    "1F491": f"{_ADULT}-2764",  # couple with heart
    **dict.fromkeys(("1F385", "1F936"), f"{_ADULT}-1F384"),  # Santa Claus, Mrs. Claus
    "1F931": f"{_ADULT}-1F37C",  # breast-feeding, feeding a baby
}


def normalise(codepoints: str) -> str:
    """Returns one spelling for a file name or a `unified` field: "23-fe0f_20e3" -> "0023-20E3".

    The variation selector FE0F goes, since vendors disagree on where to write it.
    """
    parts = codepoints.upper().replace("_", "-").split("-")
    return "-".join(part.zfill(4) for part in parts if part != "FE0F")


def base_of(codepoints: str) -> str:
    """Returns the codepoints that variants in gender, direction, size or hour have in common.

    Args:
      codepoints: As `normalise` gives them.

    Returns:
      For "1F468-200D-1F373" (man cook), "1F469-200D-1F373" and "1F9D1-200D-1F373" alike:
      "1F9D1-1F373".
    """
    if codepoints in _SPELLED:
        return _SPELLED[codepoints]
    parts = codepoints.split("-")
    if len(parts) > 1:
        parts = [part for part in parts if part not in _DROPPED]
    # Repeated parts count once: a family with two girls is a variant of that with one.
    return "-".join(dict.fromkeys(_SAME.get(part, part) for part in parts))


def group_variants(
    codepoints: Sequence[str], drawings: Sequence[Mapping[int, np.ndarray]]
) -> list[int]:
    """Puts emoji of the same base, or that some vendor draws alike, in one group.

    Args:
      codepoints: Of each emoji, as `normalise` gives them.
      drawings: Of each emoji, vendor -> uint8 [32, 32, 3].

    Returns:
      For each emoji the index of the first emoji of its group.
    """
    group = list(range(len(codepoints)))

    def unite(one: int, other: int) -> None:
        first, second = sorted((group[one], group[other]))
        if first != second:
            group[:] = [first if member == second else member for member in group]

    first_of_base: dict[str, int] = {}
    for index, points in enumerate(codepoints):
        unite(index, first_of_base.setdefault(base_of(points), index))
    for vendor in sorted({vendor for of_emoji in drawings for vendor in of_emoji}):
        members = [index for index, of_emoji in enumerate(drawings) if vendor in of_emoji]
        images = np.stack([drawings[index][vendor] for index in members])
        for one, other in _pairs_drawn_alike(images):
            unite(members[one], members[other])
    return group


def _pairs_drawn_alike(images: np.ndarray) -> list[tuple[int, int]]:
    # Whole numbers below 2**53: exact in float64 and so the same on every machine.
    flat = images.reshape(len(images), -1).astype(np.float64)
    mirrored = images[:, :, ::-1].reshape(len(images), -1).astype(np.float64)
    norms = (flat**2).sum(1)
    limit = SAME_DRAWING_RMS**2 * flat.shape[1]
    alike = np.zeros((len(images), len(images)), bool)
    for turned in (flat, mirrored):
        alike |= norms[:, None] + norms[None] - 2 * flat @ turned.T < limit
    return [(int(one), int(other)) for one, other in np.argwhere(np.triu(alike, 1))]


def choose_test(
    codepoints: Sequence[str], labels: Sequence[int], groups: Sequence[int]
) -> set[int]:
    """Chooses the emoji of the test split: of each label a quarter, in whole groups.

    Groups are taken in the order of the SHA-256 of their first emoji's codepoints for as long as
    they fit in the quarter; the label of the first emoji is that of the group.

    Args:
      codepoints: Of each emoji, as `normalise` gives them.
      labels: Of each emoji; the unlabelled (-1) are a stratum of their own.
      groups: Of each emoji the index of the first of its group.

    Returns:
      The indices of the emoji whose drawings are all in the test split.
    """
    members: dict[int, list[int]] = {}
    for index, first in enumerate(groups):
        members.setdefault(first, []).append(index)
    by_hash = sorted(members, key=lambda first: hashlib.sha256(codepoints[first].encode()).digest())
    test: set[int] = set()
    for label in sorted(set(labels)):
        stratum = [first for first in by_hash if labels[first] == label]
        room = round(sum(len(members[first]) for first in stratum) / TEST_PART)
        for first in stratum:
            size = len(members[first])
            if size <= min(room, LARGEST_TEST_GROUP):
                test.update(members[first])
                room -= size
    return test
