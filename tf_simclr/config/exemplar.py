"""Flags for learning to tell copies of patches apart (arXiv 1406.6909)."""

import dataclasses

from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import PRETRAINING, RUNNING, needs_one


@dataclasses.dataclass(frozen=True)
class ExemplarConfig(Section):
    """The surrogate classes, each a patch of a picture."""

    # The best number for the paper's small network (section 4.3): with more, patches are too much
    # alike.
    exemplar_classes: int = flag(
        8000,
        "Number of classes for --pretext_task=exemplar. Each is one patch, cut from a training"
        " picture where edges are strong, and at most 16 come from one picture. An epoch has one"
        " copy of each. For data of TFDS an epoch reads whole files; --cache_dataset keeps the"
        " pictures in memory.",
        only=(RUNNING, PRETRAINING, needs_one("pretext_task", "exemplar")),
    )

    def _check(self) -> None:
        self._at_least(2, "exemplar_classes")
