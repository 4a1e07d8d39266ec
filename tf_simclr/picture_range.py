"""Which pictures a trained network is made for, in words, and warnings about other ones."""

import math
from collections.abc import Sequence

FACTOR = 1.5  # Between sides. Trained at 48 pixels, accuracy is 51 % at 48 but 7 % at 32.
TOLERANCE = 1e-3  # of values in [0, 1]: rounding


def made_for(trained: int) -> str:
    """The first sentences of a card or page: which pictures a network is made for.

    Args:
      trained: side of the pictures that it was trained on, in pixels.
    """
    return (
        f"Made for pictures of about {trained} x {trained} pixels, the size it was trained on, with"
        " values in [0, 1]. Other sizes and ranges give poor features: resize pictures first, and"
        " divide bytes by 255."
    )


def size_warning(sides: Sequence[int | None], trained: int) -> str:
    """A warning about pictures far from the size that a network was trained on; "" for none.

    The caller adds the remedy: resizing, or a flag.

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
        f" {size}: their features are poor."
    )


def value_warning(lowest: float, highest: float) -> str:
    """A warning about pictures whose values are not in [0, 1]; "" for none.

    Args:
      lowest: of all values.
      highest: of all values.
    """
    inside = lowest >= -TOLERANCE and highest <= 1 + TOLERANCE
    if inside or math.isnan(lowest + highest):
        return ""
    mend = "Divide bytes by 255." if lowest >= -TOLERANCE else "Do not subtract a mean."
    return (
        "The network was trained on pictures with values in [0, 1], and these have values from"
        f" {lowest:.4g} to {highest:.4g}: their features are poor. {mend}"
    )
