"""The contrastive losses by name, computed whole or in blocks, whichever is cheaper."""

from typing import NamedTuple

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.blockwise import blockwise_loss
from tf_simclr.losses.dcl import dcl
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_xent import (
    compared_rows,
    contrastive_accuracy,
    contrastive_entropy,
    nt_xent,
)

DENSE = {"nt_xent": nt_xent, "dcl": dcl}
KINDS = tuple(DENSE)
IMPLEMENTATIONS = ("auto", "dense", "blockwise")
# Local times global images from which "auto" goes in blocks: what one replica holds of the matrix.
# The whole logits need 0.8 GB there, and more with every image: a twentieth of the 16 GB of a TPU
# v5e. On one device that is a batch of 4096. On 32 it is one of 23,200, 725 each, while one of 4096
# needs 25 MB on each and stays whole. How much memory a device has is not asked: the same flags
# compute the same numbers everywhere. On 2 cores whole logits take longer from 2048 images on
# (benchmarks/loss.py), but below this they are small, and the numbers the original's to the digit.
LARGE = 4096**2


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


def contrastive_loss(
    hidden: tf.Tensor,
    *,
    temperature: float,
    hidden_norm: bool = True,
    kind: str = "nt_xent",
    implementation: str = "auto",
    memory: Memory | None = None,
) -> ContrastiveLoss:
    """A contrastive loss over the batches of all replicas, and how well views find each other.

    Args:
      hidden: [2 * local, dim] projections, float; rows 0..local-1 are the first views, the rest the
        second views of the same images. Half precision is computed in float32. Every replica must
        have as many rows.
      temperature: divides the logits; > 0.
      hidden_norm: whether to l2-normalise the rows first, so that products are cosines.
      kind: "nt_xent" (arXiv 2002.05709, equation 1) or "dcl" (arXiv 2110.06848, section 3), which
        needs two images at least.
      implementation: "dense" holds some matrices of [local, 2 * global + places of the memory],
        "blockwise" none; losses and gradients are equal but for rounding. "auto" takes blocks where
        local * (global + places / 2) is known when the graph is made, and at least 4096 ** 2.
      memory: negatives of former batches, added to those of every row; None is no memory. Accuracy
        and entropy do not look at it.

    Returns:
      ContrastiveLoss, in the dtype of `hidden`, float32 at least. Only the loss has a gradient. The
      dense entropy is the original's, of log(p + 1e-8); the other one is exact: it is larger, by
      less than 1e-8 * global.

    Raises:
      ValueError: for a kind or an implementation that there is not.
    """
    if kind not in KINDS:
        raise ValueError(f"`kind` must be one of {KINDS}. Received: kind={kind!r}.")
    if implementation not in IMPLEMENTATIONS:
        raise ValueError(
            f"`implementation` must be one of {IMPLEMENTATIONS}."
            f" Received: implementation={implementation!r}."
        )
    hidden = tf.convert_to_tensor(hidden)
    places = 0 if memory is None else memory.rows.shape[0]
    if choose(implementation, hidden.shape[0], places) == "blockwise":
        rows = compared_rows(hidden, hidden_norm)
        rows = tf.reshape(rows, [2, -1, rows.shape[1]])  # [2, local, dim]
        decoupled = kind == "dcl"
        return ContrastiveLoss(
            *blockwise_loss(rows, temperature=temperature, decoupled=decoupled, memory=memory)
        )
    loss, logits_ab, labels = DENSE[kind](
        hidden, temperature=temperature, hidden_norm=hidden_norm, memory=memory
    )
    logits_ab = tf.stop_gradient(logits_ab)
    return ContrastiveLoss(
        loss, contrastive_accuracy(logits_ab, labels), contrastive_entropy(logits_ab)
    )


def choose(implementation: str, rows: int | None, places: int = 0) -> str:
    """The implementation that is meant: "dense" or "blockwise".

    Args:
      implementation: as contrastive_loss takes it.
      rows: of `hidden`, 2 * local; None if the graph does not know.
      places: of the memory.
    """
    if implementation != "auto":
        return implementation
    local = (rows or 0) // 2
    keys = local * replicas.count() + places // 2  # In pairs of views: a matrix has 2 * keys.
    return "blockwise" if local * keys >= LARGE else "dense"
