"""Choices of the network: the largest picture, and then the largest network, that time allows.

"Allows" means: in the time that there is, it makes the steps that the data should get.
"""

from typing import NamedTuple

from tf_simclr.choosing.choice import Choice
from tf_simclr.choosing.cost import step_gflop
from tf_simclr.data.facts import Facts

SIDES = (48, 64, 96, 128, 160, 192, 224)  # pixels
# (depth, width, pictures from which on it is tried), from the smallest.
NETWORKS = (
    (10, 0.5, 0),
    (18, 0.5, 10_000),
    (18, 1.0, 20_000),
    (34, 1.0, 20_000),
    (50, 1.0, 20_000),
)
HALVED = 64  # pixels: views of pictures up to this side have half of it, and a stem without stride
# Larger pictures are tried where there is time for so many times the steps. On 2,600 crops of
# textures, 96 pixels with the papers' stem gave no more than 48 with views of 24, and took longer.
PLENTY = 3
DEEP_HEAD = 20_000  # pictures from which on the projection head has the papers' layers


class Time(NamedTuple):
    """The time of a run, and what a step takes.

    Attributes:
      seconds: for all steps.
      per_gflop: seconds that this machine needs for a GFLOP of a step.
      steps: that the run should make.
    """

    seconds: float
    per_gflop: float
    steps: int

    def allows(self, gflop: float) -> bool:
        """Whether there is time for all steps of so many GFLOP."""
        return self.steps * gflop * self.per_gflop <= self.seconds


class Seen(NamedTuple):
    """How a network sees pictures: --stem and --view_size.

    Attributes:
      stem: a value of --stem.
      view: side of the views that are trained on, in pixels.
    """

    stem: str
    view: int


def stem_of(side: int) -> Choice:
    """The stem for pictures of a side, in pixels."""
    if side <= HALVED:
        return Choice("small", "keeps every pixel")
    return Choice("large", f"as in the papers, for pictures above {HALVED} pixels")


def view_of(side: int) -> Choice:
    """The side of views for pictures of a side, in pixels."""
    # Smaller views than those of the smallest side that is chosen were not tried.
    if SIDES[0] <= side <= HALVED:
        return Choice(side // 2, "half the side: quicker steps, and so more of them")
    return Choice(side, "that of the pictures")


def seen(side: int, *, stem: str | None = None, view: int | None = None) -> Seen:
    """The stem and the views for pictures of a side.

    Args:
      side: in pixels.
      stem: given by the user, or None.
      view: given by the user, or None; 0 is that of the pictures.
    """
    if view is None:
        view = view_of(side).value
    return Seen(stem or stem_of(side).value, view or side)


def image_size(
    facts: Facts,
    time: Time,
    batch: int,
    depth: int = NETWORKS[0][0],
    width: float = NETWORKS[0][1],
    *,
    stem: str | None = None,
    view: int | None = None,
) -> Choice:
    """Side of the network's pictures: no larger than theirs, as large as time allows.

    Args:
      facts: of the training split.
      time: of the run.
      batch: pictures per step.
      depth: of the network; the smallest that is chosen if the user gave none.
      width: of the network, alike.
      stem: given by the user, or None.
      view: likewise.
    """

    def gflop(side: int) -> float:
        return step_gflop(depth, width, side, batch, *seen(side, stem=stem, view=view))

    fitting = [side for side in SIDES if side <= facts.side] or [SIDES[0]]

    def allows(side: int) -> bool:
        return time.allows(gflop(side) * (PLENTY if side > HALVED else 1))

    value = max(filter(allows, fitting), default=fitting[0])
    if value == fitting[-1]:
        return Choice(value, f"the pictures' median shorter side is {facts.side}")
    larger = fitting[fitting.index(value) + 1]
    would = f"would take {_minutes(time, gflop(larger))}"
    if larger > HALVED:
        would = f"is for {PLENTY} times the {time.steps:,} steps"
    return Choice(value, f"their median side is {facts.side}; {larger} {would}")


def network(
    facts: Facts,
    time: Time,
    batch: int,
    side: int,
    depth: int | None,
    width: float | None,
    seen: Seen,
) -> Choice:
    """(depth, width) of the ResNet: the largest that data and time allow.

    Args:
      facts: of the training split.
      time: of the run.
      batch: pictures per step.
      side: of the network's pictures.
      depth: given by the user, or None.
      width: given by the user, or None.
      seen: how it sees them.
    """
    rungs = [
        (depth or of_depth, width or of_width, least) for of_depth, of_width, least in NETWORKS
    ]
    value, reason = rungs[0][:2], "the smallest that is chosen"
    for of_depth, of_width, least in rungs[1:]:
        larger = f"ResNet-{of_depth} x {of_width:g}"
        gflop = step_gflop(of_depth, of_width, side, batch, *seen)
        if facts.pictures < least:
            return Choice(value, f"{larger} needs {least:,} pictures")
        if not time.allows(gflop):
            return Choice(value, f"{larger} would take {_minutes(time, gflop)}")
        value, reason = (of_depth, of_width), "data and time allow it"
    return Choice(value, reason)


def projection_layers(facts: Facts) -> Choice:
    """Layers of the projection head: the quick start's for few pictures, else the papers'.

    Args:
      facts: of the training split.
    """
    if facts.pictures < DEEP_HEAD:
        return Choice(1, f"fewer than {DEEP_HEAD:,} pictures: as in the quick start")
    return Choice(3, "as in SimCLR v2")


def _minutes(time: Time, gflop: float) -> str:
    return f"{time.steps * gflop * time.per_gflop / 60:,.0f} min"
