"""Flags of whom a student learns from."""

import dataclasses

from tf_simclr.config.fields import Section, flag, require


@dataclasses.dataclass(frozen=True)
class DistillationConfig(Section):
    """Whom a student learns from, with --train_mode=distill."""

    teacher: str | None = flag(
        None, "Run, checkpoint, export or any SavedModel that gives class logits.", path=True
    )
    distill_temperature: float = flag(1.0, "Of the softmax of teacher and student.")
    distill_alpha: float = flag(
        1.0, "Weight of the teacher's word; the labels have the rest. 1 needs no labels."
    )

    def _check(self) -> None:
        require(self.teacher != "", "teacher", "must be a path, or left out", "")
        self._positive("distill_temperature")
        self._shares("distill_alpha")
