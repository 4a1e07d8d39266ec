"""What a kind of training is called on the page, in the terminal and on a model card."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

# Curves that several kinds of training have.
LEARNING_RATE = {"learning_rate": "Learning rate"}
OF_LABELS = {
    "train/supervised_loss": "Supervised loss",
    "train/supervised_acc": "Supervised accuracy",
}


@dataclasses.dataclass(frozen=True)
class Shown:
    """A mean of the training, as the line of progress shows it.

    Attributes:
      mean: its name in the network's METRICS.
      label: what it is called.
      factor: by which it is multiplied.
      share: whether it is a share in [0, 1], shown in percent.
    """

    mean: str
    label: str
    factor: float = 1.0
    share: bool = False

    def text(self, value: float) -> str:
        """The mean in words.

        >>> Shown("contrast_loss", "loss", 0.5).text(7.0)
        'loss 3.50'

        Args:
          value: of the mean.
        """
        value *= self.factor
        return f"{self.label} {100 * value:.1f} %" if self.share else f"{self.label} {value:.2f}"


# Of looks at an encoder while it pretrains.
LOOKS = {
    "train/look_knn_top1": "kNN on training pictures",
    "train/look_linear_probe_top1": "Linear probe on training pictures",
    "train/look_rankme": "RankMe on training pictures",
    "train/look_feature_std": "Spread of features on training pictures",
}

# Of a classifier's training.
LINE_OF_LABELS = (
    (Shown("supervised_loss", "loss"),),
    (Shown("supervised_acc", "accuracy", share=True),),
)


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a pretext task asks about test pictures, and what a right answer is.

    Attributes:
      key: of its accuracy in a result.
      chance: key of the accuracy of guessing.
      title: of the accuracy.
      meaning: of the accuracy, in half a sentence.
    """

    key: str
    chance: str
    title: str
    meaning: str


@dataclasses.dataclass(frozen=True)
class Words:
    """The words of one kind of training.

    Attributes:
      title: what it is, as a heading: "SimCLR".
      learned: a sentence about an encoder, with {} for the name of the data.
      classifier: what its classifier is called; "" where it has none.
      curves: tag of a scalar in the run's summaries -> title of its curve on the page.
      line: what the line of progress shows; of each group the first mean that there is.
      beside: tag of a scalar -> (tag of the original's scalar, factor by which that is multiplied).
      asked: the task that an evaluation asks of the network; None if there is none.
    """

    title: str
    learned: str
    classifier: str
    curves: Mapping[str, str]
    line: Sequence[Sequence[Shown]] = ()
    beside: Mapping[str, tuple[str, float]] = dataclasses.field(default_factory=dict)
    asked: Asked | None = None

    def complete(self, scalars: Mapping[str, Any]) -> dict[str, Any]:
        """The scalars of a run with those of `beside`, which older runs did not write.

        Args:
          scalars: tag -> (steps [n], values [n]), arrays.
        """
        missing = {
            tag: (scalars[theirs][0], scalars[theirs][1] * factor)
            for tag, (theirs, factor) in self.beside.items()
            if tag not in scalars and theirs in scalars
        }
        return {**scalars, **missing}
