"""DCL, the decoupled contrastive loss: NT-Xent without the positive in the denominator.

arXiv 2110.06848, section 3.
"""

import dataclasses

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.losses.contrastive import Triple
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_xent import NTXent
from tf_simclr.losses.pairs import as_keys, compare


@keras.saving.register_keras_serializable("tf_simclr")
@dataclasses.dataclass(frozen=True, kw_only=True)
class DCL(NTXent):
    """The decoupled contrastive loss, with the settings of NTXent.

    arXiv 2110.06848, section 3, all weights 1. With s_ij the cosine of rows i and j over the
    temperature, and i' the other view of i's image:

        loss of i = -s_ii' + log sum over rows j of other images of exp(s_ij)

    In NT-Xent the sum also has exp(s_ii'). As the views get closer, that term shrinks the gradient
    of positive and negatives alike, which only a large batch makes up for. The loss may be
    negative. The batch of all replicas must have at least two images: the loss of one means
    nothing.
    """

    decoupled = True

    def dense(self, projections: tf.Tensor, memory: Memory | None = None) -> Triple:
        """Like `nt_xent`, for projections [2 * local, dim] and this loss."""
        several = replicas.count() > 1
        pairs = compare(
            projections,
            temperature=self.temperature,
            hidden_norm=self.hidden_norm,
            memory=memory,
            negatives=self.negatives,
            constant_keys=several,
        )
        negatives_a, negatives_b = map(pairs.without_positives, (pairs.from_a, pairs.from_b))
        positives = pairs.positives
        losses = tf.reduce_logsumexp(negatives_a, axis=1) + tf.reduce_logsumexp(negatives_b, axis=1)
        losses -= positives  # [local]
        if several:
            losses += as_keys(negatives_a, negatives_b, positives, self.negatives)
        return tf.reduce_mean(losses), pairs.logits_ab, pairs.labels


LOSS = DCL
