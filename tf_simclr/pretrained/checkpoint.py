"""What lies at a path: weights, and what is known of them. It is of two kinds, own and released."""

import abc
import dataclasses
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import tf_keras as keras

from tf_simclr.architectures.architecture import Architecture
from tf_simclr.config import Config


class Classifier(NamedTuple):
    """The classifier of a run that starts from a checkpoint.

    Attributes:
      alone: whether the run trains a classifier, and not one alongside a pretraining.
      asked_for: whether its user has said by `variable_schema` what is restored.
      layer: of the projection head, that it reads.
      kernel: its shape, [inputs, classes].
      class_names: of the run's data, in the order of the labels.
    """

    alone: bool
    asked_for: bool
    layer: int
    kernel: Sequence[int]
    class_names: Sequence[str]


class Verdict(NamedTuple):
    """Why a checkpoint's classifier is left out, "" if it is taken; and what is said anyway."""

    reason: str = ""
    notes: Sequence[str] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Checkpoint(abc.ABC):
    """Weights of a network that was trained here, or by the original's authors.

    Attributes:
      path: as the user gave it.
      prefix: of the checkpoint behind it.
      averaged: whether its averaged weights are meant.
      architecture: that the weights were made for; None for an encoder of one's own.
      classifier: (inputs, classes) of the classifier; None without one that fits these weights.
      reads_layer: output of the projection head that the classifier reads; 0 is the encoder's.
      trained_size: side of the pictures that it was trained on, in pixels; None if nothing tells.
      settings: that lie beside it; None where there are none.
      fine_tuned_from: the layer from which a fine-tuning is to go on; None if nothing says it.
      alongside: whether the classifier was trained alongside a pretraining, on labels that say
        nothing of what the encoder learned from.
      doubt: why the classifier may read another layer than `reads_layer`; "" where it may not.
    """

    path: str
    prefix: str
    averaged: bool
    architecture: Architecture | None
    classifier: Sequence[int] | None
    reads_layer: int
    trained_size: int | None
    settings: Config | None = None
    fine_tuned_from: int | None = None
    alongside: bool = False
    doubt: str = ""

    @abc.abstractmethod
    def judge_classifier(self, ours: Classifier) -> Verdict:
        """Whether a run takes the checkpoint's classifier.

        Args:
          ours: the run's own, that it would be.
        """

    @abc.abstractmethod
    def restore(self, parts: Mapping[str, keras.layers.Layer]) -> list[str]:
        """Gives built `parts` its weights; the names of those that it has.

        Args:
          parts: "encoder" and maybe "projection_head" and "supervised_head".

        Raises:
          ValueError: if one does not fit; nothing is restored then.
        """


def classifier_left_out(theirs: Sequence[int], ours: Sequence[int]) -> str:
    """A line that says why a classifier was not restored, by the shapes of the two kernels."""
    return (
        f"The checkpoint's classifier is left out: it has {theirs[1]} classes on {theirs[0]}"
        f" features, this one has {ours[1]} on {ours[0]}."
    )
