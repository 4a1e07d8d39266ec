"""Trains SimCLR with a loss of one's own, on all GPUs of the machine.

    python examples/own_loss.py

The loss is the spectral contrastive loss of arXiv 2106.04156, section 3.2.
"""

import dataclasses

import numpy as np
import tensorflow as tf
from fit_arrays import pairs_of_views

from tf_simclr import LARS, ProjectionHead, ResNet, SimCLR
from tf_simclr.data.emoji32.builder import load_images
from tf_simclr.losses.contrastive import Loss
from tf_simclr.losses.pairs import compare


@dataclasses.dataclass(frozen=True, kw_only=True)
class Spectral(Loss):
    """-2 u . v+ + the mean over negatives of (u . v-) ** 2."""

    def dense(self, projections, memory=None):
        """The loss of this replica's pictures; `compare` has the rows of all replicas."""
        pairs = compare(projections, temperature=1.0, hidden_norm=self.hidden_norm, memory=memory)
        loss = -2 * pairs.positives  # [local], of both directions
        for products in (pairs.from_a, pairs.from_b):  # [local, rows of all replicas]
            negatives = pairs.without_positives(products)
            counts = tf.cast(negatives > -1e8, negatives.dtype)  # Others are masked by -1e9.
            squares = tf.reduce_sum(counts * negatives**2, axis=1)
            loss += squares / tf.reduce_sum(counts, axis=1)
        return tf.reduce_mean(loss), pairs.logits_ab, pairs.labels


def main(pictures: np.ndarray, *, steps: int = 200, batch: int = 128, width: float = 0.5):
    """Of pictures uint8 [n, side, side, 3]; returns the losses by name."""
    with tf.distribute.MirroredStrategy().scope():
        encoder = ResNet(18, width_multiplier=width, small_images=True)
        model = SimCLR(encoder, ProjectionHead(), loss=Spectral())
        model.build([None, *pictures.shape[1:]])
        model.compile(LARS(0.3, weight_decay=1e-4))
    return model.fit(pairs_of_views(pictures, batch), steps_per_epoch=steps, verbose=2).history


if __name__ == "__main__":
    main(load_images())
