"""A checkpoint: weights, and what is known about them. There are two kinds, own and released."""

import abc
import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tf_keras as keras

from tf_simclr.architectures.architecture import Architecture
from tf_simclr.config import Config
from tf_simclr.evaluation.whitening import Whitening

Shape = Sequence[int]  # of a kernel


class Verdict(NamedTuple):
    """Why a checkpoint's classifier is not restored ("" if it is), and notes to print anyway."""

    reason: str = ""
    notes: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint(abc.ABC):
    """Weights of a network that was trained by this project, or by the original's authors.

    Attributes:
      path: as the user gave it.
      prefix: of the checkpoint at this path.
      averaged: whether to use its averaged weights.
      architecture: of the network; None for a user's own encoder.
      classifier: (inputs, classes) of the classifier; None without one that fits these weights.
      reads_layer: output of the projection head that the classifier reads; 0 is the encoder's.
        PYRAMID for its pyramid.
      trained_size: side of the pictures that it was trained on, in pixels; None if not known.
      settings: in the same folder; None if there are none.
      fine_tuned_from: layer that fine-tuning should start from; None if not known.
      alongside: whether the classifier was trained alongside pretraining. Then the encoder did not
        learn from its labels.
      doubt: why the classifier may read another layer than `reads_layer`; "" for no doubt.
    """

    path: str
    prefix: str
    averaged: bool
    architecture: Architecture | None
    classifier: Shape | None
    reads_layer: int | str
    trained_size: int | None
    settings: Config | None = None
    fine_tuned_from: int | None = None
    alongside: bool = False
    doubt: str = ""

    @property
    def step(self) -> int | None:
        """As in the prefix; None if it has no number, like that of an export."""
        return step_in(self.prefix)

    @property
    def whitening(self) -> Whitening | None:
        """Of the endpoint "pyramid" with these weights; None if it is not known."""
        return None

    @abc.abstractmethod
    def judge_classifier(self, config: Config, kernel: Shape, names: Sequence[str]) -> Verdict:
        """Whether a run restores the checkpoint's classifier.

        Args:
          config: of the run.
          kernel: shape of the kernel of its classifier, [inputs, classes].
          names: of the classes of its data, in the order of the labels; empty if not known.
        """

    @abc.abstractmethod
    def restore(self, parts: Mapping[str, keras.layers.Layer]) -> list[str]:
        """Restores the weights of built `parts`, and returns the names of those that it has.

        Args:
          parts: "encoder", and optionally "projection_head" and "supervised_head".

        Raises:
          ValueError: if a part does not fit; then nothing is restored.
        """


def step_in(prefix: str) -> int | None:
    """The step in a checkpoint's prefix; None if it has no number, like that of an export."""
    number = re.search(r"-(\d+)$", prefix)
    return int(number[1]) if number else None


def classifier_left_out(theirs: Shape, ours: Shape) -> str:
    """A line that says why a classifier is not restored, from the shapes of the two kernels."""
    return (
        f"The checkpoint's classifier is left out: it has {theirs[1]} classes on {theirs[0]}"
        f" features, this one has {ours[1]} on {ours[0]}."
    )
