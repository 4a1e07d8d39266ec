"""Flags for distillation."""

import dataclasses

from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import DISTILLED


@dataclasses.dataclass(frozen=True)
class DistillationConfig(Section):
    """The teacher that a student learns from, with --train_mode=distill."""

    teacher: str | None = flag(
        None,
        "The teacher: a run, checkpoint, export or any SavedModel that gives class logits.",
        only=DISTILLED,
        path=True,
    )
    distill_temperature: float = flag(
        1.0, "Temperature of the softmax of teacher and student.", only=DISTILLED
    )
    distill_alpha: float = flag(
        1.0,
        "Weight of the distillation loss; the label loss gets the rest. 1 needs no labels.",
        only=DISTILLED,
    )

    def _check(self) -> None:
        self._require(self.teacher != "", "teacher", "must be a path, or left out")
        self._positive("distill_temperature")
        self._shares("distill_alpha")
