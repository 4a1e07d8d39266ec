"""The base class of contrastive losses, which are computed whole or in blocks."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import compared_rows

IMPLEMENTATIONS = ("auto", "dense", "blockwise")
# From this many local * global images on, "auto" computes in blocks. The whole logits of a replica
# take 0.8 GB then, a twentieth of the 16 GB of a TPU v5e, and twice that in losses with a term for
# each negative (2048 images on a CPU, above idle: nt_xent 175 MB, nt_logistic 354). On one device
# that is a batch of 4096. On 32 devices it is a batch of 23,200, 725 each; a batch of 4096 takes 25
# MB on each and stays whole. The device's memory does not matter, so that the same flags give the
# same numbers everywhere. On 2 cores blocks are faster from 2048 images on (benchmarks/loss.py).
# Below this limit the logits are small, and computed whole they give the original's numbers to the
# digit.
LARGE = 4096**2
ENTROPY_EPSILON = 1e-8

# Fields that say which negatives count, with the values for all of them. A kind without the field
# refuses any other value: if it ignored the flag, it would be another loss than was asked for.
ALL_NEGATIVES = {"negatives": "both", "semi_hard": False}

# What a form of a loss returns: (loss, accuracy, entropy) in blocks, (loss, logits, labels) whole.
Triple = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


class ContrastiveLoss(NamedTuple):
    """The loss and metrics of a step; all are scalars.

    Attributes:
      loss: the mean over this replica's images of the SUM of both directions: twice the mean over
        all views, in every kind of loss. It is minimised.
      accuracy: share of first views whose most similar second view is their own, in [0, 1].
      entropy: mean entropy, in nats, of softmax over the second views.
    """

    loss: tf.Tensor
    accuracy: tf.Tensor
    entropy: tf.Tensor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Loss:
    """A contrastive loss with its settings; a call computes the loss and two metrics.

    Each kind of loss is a frozen dataclass: its fields are its settings, `dense` is its equation.
    A loss computed from `pairs.compare` spans all replicas and has its whole gradient.

    Attributes:
      blockwise: computes this loss in memory linear in the batch: (rows [2, local, dim] of first
        and second views as they are compared, memory) -> loss, accuracy, entropy. None if this
        kind of loss cannot.

    Args:
      hidden_norm: whether rows are l2-normalised before they are compared, so that products are
        cosines. The rows of a memory must be normalised in the same way.
      implementation: "dense" holds some matrices of [local, 2 * global + memory rows],
        "blockwise" none; losses and gradients are equal up to rounding. "auto" is blockwise if the
        loss has that form and local * (global + memory rows / 2), known when the graph is made, is
        at least 4096 ** 2.

    Raises:
      ValueError: for an implementation that does not exist, or that this kind does not have.
    """

    hidden_norm: bool = True
    implementation: str = "auto"

    blockwise: ClassVar[Callable[..., Triple] | None] = None

    def __post_init__(self) -> None:
        there_are = IMPLEMENTATIONS if self.blockwise else IMPLEMENTATIONS[:2]
        if self.implementation not in there_are:
            raise ValueError(
                f"`implementation` (--loss_implementation) of {type(self).__name__} must be one of"
                f" {there_are}. Received: implementation={self.implementation!r}."
            )

    def __call__(self, projections: tf.Tensor, memory: Memory | None = None) -> ContrastiveLoss:
        """The loss over the batches of all replicas, with accuracy and entropy.

        Args:
          projections: [2 * local, dim], float; rows 0..local-1 are the first views, the rest the
            second views of the same images. Half precision is computed in float32. Every replica
            must have the same number of rows.
          memory: negatives from earlier batches, added to those of every row; None is no memory.
            Accuracy and entropy ignore it.

        Returns:
          ContrastiveLoss, in the dtype of the projections, float32 at least. Only the loss has a
          gradient. The dense entropy uses log(p + 1e-8), as in the original; the blockwise one is
          exact, and larger by less than 1e-8 * global.
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

    def dense(self, projections: tf.Tensor, memory: Memory | None = None) -> Triple:
        """The loss of this replica's images, from the whole matrix of pairs.

        Args:
          projections: [2 * local, dim], as a call takes them.
          memory: negatives from earlier batches; None is no memory.

        Returns:
          loss, a scalar; logits_ab and labels [local, global], as `pairs.compare` makes them.

        Raises:
          NotImplementedError: if a subclass does not define it.
        """
        raise NotImplementedError

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "Loss":
        """The loss that flags describe: each field is set by the flag of the same name.

        Args:
          flags: name -> value; `loss_implementation` sets `implementation`. Flags that are not
            fields of this kind are ignored, but for those that say which negatives count.

        Raises:
          ValueError: for settings that the kind refuses, or such a flag that it does not have.
        """
        given = {**flags, "implementation": flags["loss_implementation"]}
        names = [field.name for field in dataclasses.fields(cls)]
        for name, plain in ALL_NEGATIVES.items():
            if name not in names and given.get(name, plain) != plain:
                raise ValueError(
                    f"`{name}` must be {plain!r} with {cls.__name__}, which has no such setting."
                    f" Received: {name}={given[name]!r}. Give another --loss."
                )
        return cls(**{name: given[name] for name in names if name in given})

    def get_config(self) -> dict[str, Any]:
        """Its settings by name, for Keras' formats."""
        return dataclasses.asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Loss":
        """The loss of these settings."""
        return cls(**config)


def require_temperature(temperature: float) -> None:
    """Raises ValueError unless the temperature is above 0."""
    if temperature <= 0:
        raise ValueError(f"`temperature` must be > 0. Received: {temperature=}.")


def choose(implementation: str, rows: int | None, places: int = 0) -> str:
    """The implementation to use: "dense" or "blockwise".

    Args:
      implementation: one of IMPLEMENTATIONS.
      rows: number of projections, 2 * local; None if the graph does not know.
      places: rows of the memory.
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
