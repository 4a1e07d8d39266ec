"""NT-Xent, the normalised temperature-scaled cross entropy (arXiv 2002.05709, equation 1)."""

import dataclasses
from typing import ClassVar

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.losses.blockwise import blockwise_loss
from tf_simclr.losses.contrastive import Loss, Triple, require_temperature
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import as_keys, compare, count_of_views


@keras.saving.register_keras_serializable("tf_simclr")
@dataclasses.dataclass(frozen=True, kw_only=True)
class NTXent(Loss):
    """NT-Xent: `NTXent(temperature=0.5)(projections).loss` (arXiv 2002.05709, equation 1).

    Args:
      temperature: divides the logits; > 0.
      hidden_norm: whether to l2-normalise the rows first, so that products are cosines.
      implementation: "auto", "dense" or "blockwise": see Loss.
      negatives: "both" is the paper's equation 1: both views of other images are negatives. "other"
        leaves out the view that the row itself is, as the paper's table 4 does to compare losses
        (appendix B.10).

    Raises:
      ValueError: for a temperature that is not positive, or an unknown implementation or word for
        the negatives.
    """

    decoupled: ClassVar[bool] = False  # whether positives are left out of denominators: see DCL

    temperature: float = 0.1
    negatives: str = "both"

    def __post_init__(self) -> None:
        super().__post_init__()
        count_of_views(self.negatives)
        require_temperature(self.temperature)

    def dense(self, projections: tf.Tensor, memory: Memory | None = None) -> Triple:
        """Like `nt_xent`, for projections [2 * local, dim]."""
        return _nt_xent(
            projections,
            temperature=self.temperature,
            hidden_norm=self.hidden_norm,
            memory=memory,
            negatives=self.negatives,
        )

    def blockwise(self, rows: tf.Tensor, memory: Memory | None = None) -> Triple:
        """Like `blockwise_loss`, for rows [2, local, dim]."""
        return blockwise_loss(
            rows,
            temperature=self.temperature,
            decoupled=self.decoupled,
            negatives=self.negatives,
            memory=memory,
        )


LOSS = NTXent


def nt_xent(
    hidden: tf.Tensor, *, temperature: float, hidden_norm: bool = True, memory: Memory | None = None
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The contrastive loss of two views of a batch, over the batches of all replicas.

    arXiv 2002.05709, equation 1 and algorithm 1.

    With rows a (first views) and b (second views), each row of a is classified among all rows of
    [b, a without itself], and each row of b among all rows of [a, b without itself]:

        logits of a_i:  [ a_i.b_1 ... a_i.b_N | a_i.a_1 ... -1e9 at i ... a_i.a_N ] / temperature
        target of a_i:    column i of the first block

    The rows of a memory are further columns in both cases.

    Args:
      hidden: [2 * local, dim] projections, float; rows 0..local-1 are the first views, the rest the
        second views of the same images. Half precision is computed in float32. Every replica must
        have the same number of rows.
      temperature: divides the logits; > 0.
      hidden_norm: whether to l2-normalise the rows first, so that products are cosines.
      memory: negatives from earlier batches; None is no memory.

    Replicas gather their rows and one normaliser for each row, as constants. The gradient needs no
    further communication (see `pairs.as_keys`). The cost of a gather depends on the strategy: see
    replicas.gather.

    Returns:
      loss: scalar, the mean over this replica's images of the SUM of both directions: twice the
        paper's loss, as in the original code. Its gradient with respect to `hidden` is that of the
        SUM of all replicas' losses, each weighted as this replica weights its own.
      logits_ab: [local, global] logits of first views against all second views. With several
        replicas they are constant in the rows of the others.
      labels: [local, global] one-hot targets of logits_ab.
    """
    return _nt_xent(
        hidden, temperature=temperature, hidden_norm=hidden_norm, memory=memory, negatives="both"
    )


def _nt_xent(
    hidden: tf.Tensor,
    *,
    temperature: float,
    hidden_norm: bool,
    memory: Memory | None,
    negatives: str,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    several = replicas.count() > 1
    pairs = compare(
        hidden,
        temperature=temperature,
        hidden_norm=hidden_norm,
        memory=memory,
        negatives=negatives,
        constant_keys=several,
    )
    # [local]
    losses = _cross_entropy(pairs.targets, pairs.from_a)
    losses += _cross_entropy(pairs.targets, pairs.from_b)
    if several:
        losses += as_keys(pairs.from_a, pairs.from_b, pairs.positives, negatives)
    return tf.reduce_mean(losses), pairs.logits_ab, pairs.labels


def _cross_entropy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)
