"""What pictures a trained network is for, in words, and what is wrong with others."""

import math
from collections.abc import Sequence

FACTOR = 1.5  # Between the sides of pictures: trained at 48, 7 % are right at 32 and 51 % at 48.
TOLERANCE = 1e-3  # of values in [0, 1]: rounding


def made_for(trained: int) -> str:
    """What a reader is told first: for what pictures a network is.

    Args:
      trained: side of the pictures that it was trained on, in pixels.
    """
    return (
        f"Made for pictures of about {trained} x {trained} pixels, the size it was trained on, with"
        " values in [0, 1]. Of another size or range the features are poor: resize pictures first,"
        " and divide bytes by 255."
    )


def size_warning(sides: Sequence[int | None], trained: int) -> str:
    """What is to be said of pictures of another size than a network was trained on; "" for nothing.

    How to mend it is for the caller to add: by resizing, or by a flag.

    Args:
      sides: height and width of the pictures, in pixels; None is not known.
      trained: side of the pictures that it was trained on, in pixels.
    """
    known = [side for side in sides if side]
    if all(max(side, trained) < FACTOR * min(side, trained) for side in known):
        return ""
    size = " x ".join(str(side or "any") for side in sides)
    return (
        f"The network was trained on pictures of {trained} x {trained} pixels, and these have"
        f" {size}: its features of them are poor."
    )


def value_warning(lowest: float, highest: float) -> str:
    """What is to be said of pictures whose values are not in [0, 1]; "" for nothing.

    Args:
      lowest: of all values.
      highest: of all values.
    """
    inside = lowest >= -TOLERANCE and highest <= 1 + TOLERANCE
    if inside or math.isnan(lowest + highest):
        return ""
    mend = "Divide bytes by 255." if lowest >= -TOLERANCE else "Subtract no mean."
    return (
        "The network was trained on pictures with values in [0, 1], and these have values from"
        f" {lowest:.4g} to {highest:.4g}: its features of them are poor. {mend}"
    )
