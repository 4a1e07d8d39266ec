"""What a kind of training is called on the page, in the terminal and on a model card."""

import dataclasses
from collections.abc import Mapping

# Curves that several kinds of training have.
LEARNING_RATE = {"learning_rate": "Learning rate"}
OF_LABELS = {
    "train/supervised_loss": "Supervised loss",
    "train/supervised_acc": "Supervised accuracy",
}


@dataclasses.dataclass(frozen=True)
class Words:
    """The words of one kind of training.

    Attributes:
      title: what it is, as a heading: "SimCLR".
      learned: a sentence about an encoder, with {} for the name of the data.
      classifier: what its classifier is called; "" where it has none.
      curves: tag of a scalar in the run's summaries -> title of its curve on the page.
    """

    title: str
    learned: str
    classifier: str
    curves: Mapping[str, str]
