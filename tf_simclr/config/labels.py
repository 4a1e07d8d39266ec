"""Flags for training with few labels."""

import dataclasses

from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import LABELS_FOR_HEAD, LABELS_FOR_STUDENT, LABELS_FOR_TASK, RUNNING

LABELS = (RUNNING, LABELS_FOR_TASK, LABELS_FOR_HEAD, LABELS_FOR_STUDENT)


@dataclasses.dataclass(frozen=True)
class LabelsConfig(Section):
    """Which labels of the training split are known; by default all of them."""

    label_fraction: float = flag(
        1.0,
        "Share of each class whose labels are known, such as 0.01 or 0.1; drawn with --seed.",
        only=LABELS,
        instead_of=("labels_per_class", "label_list"),
    )
    labels_per_class: int = flag(
        0,
        "Number of known labels in each class, drawn with --seed; 0 is all.",
        only=LABELS,
        instead_of=("label_fraction", "label_list"),
    )
    label_list: str | None = flag(
        None,
        "File that names the labelled pictures, one per line, like the original's lists.",
        only=LABELS,
        path=True,
        instead_of=("label_fraction", "labels_per_class"),
    )

    @property
    def chosen(self) -> bool:
        """Whether some labels are left out."""
        return bool(self.ways())

    def said(self, seed: int) -> str:
        """Which labels are known, in words; "" if all are.

        Args:
          seed: of the run; labels are drawn with it.
        """
        ways = self.ways()
        if not ways:
            return ""
        text = f"{ways[0]}={getattr(self, ways[0])}"
        return text if ways[0] == "label_list" else f"{text}, seed={seed}"

    def _check(self) -> None:
        self._require(0 < self.label_fraction <= 1, "label_fraction", "must be in (0, 1]")
        self._at_least(0, "labels_per_class")
        self._require(self.label_list != "", "label_list", "must be a path, or left out")
        ways = self.ways()
        if len(ways) > 1:
            rule = f"must be the only way to choose labels, and {ways[0]} is given"
            self._require(False, ways[1], rule, "Give one of the two.")

    def ways(self) -> list[str]:
        """The flags that choose labels, because they are not at their default: at most one."""
        fields = dataclasses.fields(self)
        return [field.name for field in fields if getattr(self, field.name) != field.default]
