"""What all contrastive losses have in common: a value that is called, whole or in blocks."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import compared_rows

IMPLEMENTATIONS = ("auto", "dense", "blockwise")
# Local times global images from which "auto" goes in blocks: what one replica holds of the matrix.
# The whole logits need 0.8 GB there, and more with every image: a twentieth of the 16 GB of a TPU
# v5e. On one device that is a batch of 4096. On 32 it is one of 23,200, 725 each, while one of 4096
# needs 25 MB on each and stays whole. How much memory a device has is not asked: the same flags
# compute the same numbers everywhere. On 2 cores whole logits take longer from 2048 images on
# (benchmarks/loss.py), but below this they are small, and the numbers the original's to the digit.
LARGE = 4096**2
ENTROPY_EPSILON = 1e-8


class ContrastiveLoss(NamedTuple):
    """What a step needs to know of its projections; all are scalars.

    Attributes:
      loss: what is minimised: of this replica's images, both directions.
      accuracy: share of first views whose most similar second view is their own, in [0, 1].
      entropy: mean entropy, in nats, of softmax over the second views.
    """

    loss: tf.Tensor
    accuracy: tf.Tensor
    entropy: tf.Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss:
    """A contrastive loss with its settings, a value: called, it computes itself and two metrics.

    Each kind is a frozen dataclass of its own: its fields are its settings, `dense` its equation.
    One that is computed from `pairs.compare` spans all replicas, with its whole gradient.

    Attributes:
      blockwise: how this loss is computed in memory linear in the batch: (rows [2, local, dim] of
        first and second views as they are compared, memory) -> loss, accuracy, entropy. None where
        there is no such way.

    Args:
      hidden_norm: whether rows are l2-normalised before they are compared, so that products are
        cosines. The rows of a memory must be normalised likewise.
      implementation: "dense" holds some matrices of [local, 2 * global + places of the memory],
        "blockwise" none; losses and gradients are equal but for rounding. "auto" takes blocks,
        where the loss has that form, if local * (global + places / 2) is known when the graph is
        made, and at least 4096 ** 2.

    Raises:
      ValueError: for an implementation that there is not, or that this kind of loss has not.
    """

    hidden_norm: bool = True
    implementation: str = "auto"

    blockwise: ClassVar[Callable[..., tuple[tf.Tensor, tf.Tensor, tf.Tensor]] | None] = None

    def __post_init__(self) -> None:
        there_are = IMPLEMENTATIONS if self.blockwise else IMPLEMENTATIONS[:2]
        if self.implementation not in there_are:
            raise ValueError(
                f"`implementation` (--loss_implementation) of {type(self).__name__} must be one of"
                f" {there_are}. Received: implementation={self.implementation!r}."
            )

    def __call__(self, projections: tf.Tensor, memory: Memory | None = None) -> ContrastiveLoss:
        """The loss over the batches of all replicas, and how well views find each other.

        Args:
          projections: [2 * local, dim], float; rows 0..local-1 are the first views, the rest the
            second views of the same images. Half precision is computed in float32. Every replica
            must have as many rows.
          memory: negatives of former batches, added to those of every row; None is no memory.
            Accuracy and entropy do not look at it.

        Returns:
          ContrastiveLoss, in the dtype of the projections, float32 at least. Only the loss has a
          gradient. The dense entropy is the original's, of log(p + 1e-8); the blockwise one is
          exact: it is larger, by less than 1e-8 * global.
        """
        projections = tf.convert_to_tensor(projections)
        places = 0 if memory is None else memory.rows.shape[0]
        chosen = choose(self.implementation, projections.shape[0], places)
        if self.blockwise is not None and chosen == "blockwise":
            rows = compared_rows(projections, self.hidden_norm)
            rows = tf.reshape(rows, [2, -1, rows.shape[1]])  # [2, local, dim]
            return ContrastiveLoss(*self.blockwise(rows, memory))
        loss, logits_ab, labels = self.dense(projections, memory)
        logits_ab = tf.stop_gradient(logits_ab)
        return ContrastiveLoss(
            loss, contrastive_accuracy(logits_ab, labels), contrastive_entropy(logits_ab)
        )

    def dense(
        self, projections: tf.Tensor, memory: Memory | None = None
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The loss of this replica's images, from the whole matrix of pairs: each kind's own.

        Args:
          projections: [2 * local, dim], as a call takes them.
          memory: negatives of former batches; None is no memory.

        Returns:
          loss, a scalar; logits_ab and labels [local, global], as `pairs.compare` makes them.

        Raises:
          NotImplementedError: by a kind that does not say what it computes.
        """
        raise NotImplementedError

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "Loss":
        """The loss that flags describe: a field is set by the flag of its name.

        Args:
          flags: value by name; `loss_implementation` sets `implementation`. Those that are none of
            this kind's fields belong to other losses and parts of a run.
        """
        given = {**flags, "implementation": flags["loss_implementation"]}
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: given[name] for name in names if name in given})

    def get_config(self) -> dict[str, Any]:
        """Its settings by name: what Keras' formats keep of it."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Loss":
        """The loss of these settings."""
        return cls(**config)


def choose(implementation: str, rows: int | None, places: int = 0) -> str:
    """The implementation that is meant: "dense" or "blockwise".

    Args:
      implementation: one of IMPLEMENTATIONS.
      rows: of the projections, 2 * local; None if the graph does not know.
      places: of the memory.
    """
    if implementation != "auto":
        return implementation
    local = (rows or 0) // 2
    keys = local * replicas.count() + places // 2  # In pairs of views: a matrix has 2 * keys.
    return "blockwise" if local * keys >= LARGE else "dense"


def contrastive_accuracy(logits_ab: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Share of first views whose most similar second view is their own: scalar in [0, 1].

    Args:
      logits_ab: [local, global], of first views against all second views.
      labels: [local, global] one-hot: the columns of their own.
    """
    hits = tf.argmax(logits_ab, axis=1) == tf.argmax(labels, axis=1)
    return tf.reduce_mean(tf.cast(hits, logits_ab.dtype))


def contrastive_entropy(logits_ab: tf.Tensor) -> tf.Tensor:
    """Mean entropy in nats of softmax over the rows of logits_ab [local, global]: a scalar."""
    probabilities = tf.nn.softmax(logits_ab)
    terms = probabilities * tf.math.log(probabilities + ENTROPY_EPSILON)
    return -tf.reduce_mean(tf.reduce_sum(terms, axis=-1))
