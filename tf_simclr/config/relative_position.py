"""Flags for learning where one patch of a picture lies beside another (arXiv 1505.05192)."""

import dataclasses

from tf_simclr.config.choices import RELATIVE_POSITION_COLORS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import PRETRAINING, RUNNING, needs_one

# The paper gives pixels: patches of 96, 48 apart, moved by up to 7, in pictures of 150,000 to
# 450,000 pixels. The defaults are its proportions, at a size that fits into any picture of 19
# pixels or more.
POSITIONS = (RUNNING, PRETRAINING, needs_one("pretext_task", "relative_position"))


@dataclasses.dataclass(frozen=True)
class RelativePositionConfig(Section):
    """Where patches lie, and what hides their place; sizes are shares of the picture's side."""

    relative_position_patch: float = flag(
        0.22,
        "Side of a patch for --pretext_task=relative_position, as a share of the picture's side."
        " Nine patches are cut, in a grid of 3x3.",
        only=POSITIONS,
    )
    relative_position_gap: float = flag(
        0.11,
        "Gap between neighbouring patches, as a share of the picture's side. The paper uses half a"
        " patch.",
        only=POSITIONS,
    )
    relative_position_jitter: float = flag(
        0.016,
        "Largest random shift of each patch, as a share of the picture's side, and at least one"
        " pixel; 0 turns it off.",
        only=POSITIONS,
    )
    relative_position_color: str = flag(
        "drop",
        "How to hide colours that give a patch's place away: drop keeps one random channel and"
        " replaces the others by faint noise; project removes the component between green and"
        " magenta; keep changes nothing. drop and project also equalise brightness and contrast.",
        RELATIVE_POSITION_COLORS,
        only=POSITIONS,
    )

    def _check(self) -> None:
        self._positive("relative_position_patch")
        self._at_least(0, "relative_position_gap", "relative_position_jitter")
        patch, gap = self.relative_position_patch, self.relative_position_gap
        span = 3 * patch + 2 * gap + 2 * self.relative_position_jitter
        # A third of a picture is not 1 / 3 to a computer.
        rule = (
            f"must leave room for the grid: three patches, two gaps of {gap:g} and the jitter take"
            f" {span:.3g} times the side"
        )
        mend = "Give smaller shares."
        self._require(span <= 1 + 1e-6, "relative_position_patch", rule, mend)
