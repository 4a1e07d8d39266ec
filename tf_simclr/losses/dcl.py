"""DCL, the decoupled contrastive loss: NT-Xent without the positive in the denominator.

arXiv 2110.06848, section 3.
"""

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_xent import SELF_SIMILARITY_MASK, as_keys, compare


def dcl(
    hidden: tf.Tensor,
    *,
    temperature: float,
    hidden_norm: bool = True,
    memory: Memory | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The decoupled contrastive loss of two views of a batch, over the batches of all replicas.

    arXiv 2110.06848, section 3, all weights 1. With s_ij the cosine of rows i and j over the
    temperature, and i' the other view of i's image:

        loss of i = -s_ii' + log sum over rows j of other images of exp(s_ij)

    In NT-Xent the sum has exp(s_ii'), too: as the positive comes near, it takes the gradient away,
    of positive and negatives alike, which a large batch has to make up for. There must be at least
    two images in the batch of all replicas; the loss of a single one means nothing.

    Args:
      hidden: [2 * local, dim] projections, as nt_xent takes them.
      temperature: divides the logits; > 0.
      hidden_norm: whether to l2-normalise the rows first, so that products are cosines.
      memory: negatives of former batches, in the sum of each row; None is no memory.

    Returns:
      loss: scalar, the mean over this replica's images of the SUM of both directions, as nt_xent's;
        it may be negative.
      logits_ab: [local, global], as nt_xent returns them.
      labels: [local, global] one-hot targets of logits_ab.
    """
    several = replicas.count() > 1
    pairs = compare(
        hidden,
        temperature=temperature,
        hidden_norm=hidden_norm,
        memory=memory,
        constant_keys=several,
    )
    others = tf.shape(pairs.from_a)[1] - tf.shape(pairs.labels)[1]
    is_positive = tf.pad(pairs.labels, [[0, 0], [0, others]])
    mask = is_positive * SELF_SIMILARITY_MASK
    negatives_a, negatives_b = pairs.from_a + mask, pairs.from_b + mask  # As from_a
    positives = tf.gather(pairs.from_a + pairs.from_b, pairs.targets, axis=1, batch_dims=1)
    losses = tf.reduce_logsumexp(negatives_a, axis=1) + tf.reduce_logsumexp(negatives_b, axis=1)
    losses -= positives  # [local]
    if several:
        losses += as_keys(negatives_a, negatives_b, positives)
    return tf.reduce_mean(losses), pairs.logits_ab, pairs.labels
