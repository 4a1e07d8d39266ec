"""Flags for learning where one patch of a picture lies beside another (arXiv 1505.05192)."""

import dataclasses

from tf_simclr.config.choices import RELATIVE_POSITION_COLORS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import PRETRAINING, RUNNING, needs_one

# The paper gives pixels: patches of 96, 48 apart, moved by up to 7, in pictures of 150,000 to
# 450,000 pixels. The defaults are its proportions, as large as the grid fits into any picture.
POSITIONS = (RUNNING, PRETRAINING, needs_one("pretext_task", "relative_position"))


@dataclasses.dataclass(frozen=True)
class RelativePositionConfig(Section):
    """Where patches lie, and what hides their place; sizes are shares of the picture's side."""

    relative_position_patch: float = flag(
        0.22,
        "Side of a patch for --pretext_task=relative_position, as a share of the picture's side:"
        " small pictures have small patches. Three by three patches are cut out.",
        only=POSITIONS,
    )
    relative_position_gap: float = flag(
        0.11,
        "Gap between such patches, as a share of the picture's side: half a patch in the paper.",
        only=POSITIONS,
    )
    relative_position_jitter: float = flag(
        0.016,
        "How far each of them is moved at most, as a share of the picture's side and by at least a"
        " pixel; 0 moves none.",
        only=POSITIONS,
    )
    relative_position_color: str = flag(
        "drop",
        "Against colours that tell a patch's place: drop two channels of each patch, project all"
        " on what is not between green and magenta, or keep patches as they are. drop and project"
        " also give all patches one brightness and contrast.",
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
            f"must leave room for the grid: three patches, two gaps and the jitter take {span:.3g}"
        )
        mend = "Together they may take 1, the whole side: give smaller shares."
        self._require(span <= 1 + 1e-6, "relative_position_patch", rule, mend)
