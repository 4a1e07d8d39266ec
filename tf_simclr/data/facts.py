"""What the pictures of a folder are like: how many, how large, how many labelled and gray."""

import dataclasses

import numpy as np

from tf_simclr.data.source import UNLABELLED


@dataclasses.dataclass(frozen=True)
class Facts:
    """Facts about the pictures of a split, by which settings can be chosen.

    Attributes:
      pictures: number of readable pictures, at least 1.
      labelled: how many of them have a label.
      classes: how many different labels they have.
      side: median of their shorter sides, in pixels, rounded down.
      gray: share of the pictures whose three channels are equal, from 0 to 1.
    """

    pictures: int
    labelled: int
    classes: int
    side: int
    gray: float


def facts_of(labels: np.ndarray, sizes: np.ndarray, gray: np.ndarray) -> Facts:
    """Summarises the pictures of a split.

    >>> facts_of(np.array([0, 1, -1]), np.array([[8, 9], [30, 20], [7, 7]]), np.array([1, 0, 0]))
    Facts(pictures=3, labelled=2, classes=2, side=8, gray=0.3333333333333333)

    Args:
      labels: int [pictures], -1 for unlabelled; at least one picture.
      sizes: int [pictures, 2], height and width in pixels.
      gray: bool [pictures], whether the three channels are equal.

    Returns:
      The facts.
    """
    given = labels[labels != UNLABELLED]
    return Facts(
        pictures=len(labels),
        labelled=len(given),
        classes=len(np.unique(given)),
        side=int(np.median(sizes.min(axis=1))),
        gray=float(np.mean(gray)),
    )
