"""Colours of classes: told apart by colour-blind eyes where they are few, by hue where many."""

from typing import NamedTuple


class Scheme(NamedTuple):
    """The same class on a light and on a dark page.

    Attributes:
        light: CSS colour on a light page.
        dark: CSS colour on a dark page.
    """

    light: str
    dark: str


# After Paul Tol's scheme "muted" (Colour Schemes, SRON/EPS/TN/09-002, 2021), in which nine colours
# differ for colour-blind eyes as well; darker on white and lighter on black.
FEW = (
    Scheme("#332288", "#8b80f0"),  # indigo
    Scheme("#cc6677", "#f08a9b"),  # rose
    Scheme("#117733", "#38a860"),  # green
    Scheme("#c8a832", "#e6d27a"),  # sand
    Scheme("#4fb3e0", "#8fd6f7"),  # cyan
    Scheme("#882255", "#c14f8d"),  # wine
    Scheme("#2a9d8f", "#58cdbb"),  # teal
    Scheme("#7f7f1f", "#b5b548"),  # olive
    Scheme("#aa4499", "#d97ccb"),  # purple
    Scheme("#1d1f24", "#e4e6ea"),  # black, white
)
UNLABELLED = Scheme("#a3a5ab", "#7d818a")
GOLDEN_ANGLE = 137.508  # Degrees: successive hues are as far from all earlier ones as can be.


def class_colour(label: int, classes: int) -> Scheme:
    """The colours of a class.

    Args:
        label: the class; negative is unlabelled.
        classes: how many there are. Beyond ten, hues turn by the golden angle.
    """
    if label < 0:
        return UNLABELLED
    if classes <= len(FEW):
        return FEW[label]
    hue, step = (label * GOLDEN_ANGLE + 250) % 360, label % 3
    light, dark = (38, 48, 30)[step], (66, 76, 56)[step]
    return Scheme(f"hsl({hue:.0f} 62% {light}%)", f"hsl({hue:.0f} 70% {dark}%)")
