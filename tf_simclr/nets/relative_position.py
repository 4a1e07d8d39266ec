"""Relative position: where does one patch lie, seen from another? (arXiv 1505.05192)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.supervised import softmax_cross_entropy, top_k_hits
from tf_simclr.nets.layers import MOMENTUM
from tf_simclr.nets.pair_head import PairHead
from tf_simclr.nets.pretext import PretextNet, metrics_of
from tf_simclr.nets.saved import PACKAGE, attributes


@keras.saving.register_keras_serializable(PACKAGE)
class RelativePositionNet(PretextNet):
    """A tf_keras.Model that learns an encoder from pairs of patches (arXiv 1505.05192, section 3).

    fit() and evaluate() take patches [batch, 1 + neighbours, side, side, 3], the centre first, and
    ignore labels. Every neighbour is paired with the centre, and its place in the row is its class:

        loss = 1 / (8 * batch) * sum over pictures x and k of -log p(k | centre of x, neighbour k)

    encoder, for each patch -> projection head -> PairHead. The paper has no projection head: that
    of mode "none". Whole pictures [batch, h, w, 3] go through the encoder alone.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool". It is shared by
        all patches: the tower.
      projection_head: a ProjectionHead.
      bn_momentum: of the pair head, as in ResNet.
      global_bn: of the pair head, as in ResNet.
      **options: as PretextNet takes them.

    Call returns a dict of final_avg_pool [batch, features] and proj_head_output [batch, out_dim].
    """

    TASK = "position"
    METRICS = metrics_of(TASK)

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        bn_momentum: float = MOMENTUM,
        global_bn: bool = True,
        name: str = "relative_position",
        **options: Any,
    ):
        super().__init__(encoder, projection_head, name=name, **options)
        self.bn_momentum = bn_momentum
        self.global_bn = global_bn
        self.position_head = PairHead(bn_momentum=bn_momentum, global_bn=global_bn)

    def parts(self) -> dict[str, tf.Module]:
        return super().parts() | {"position_head": self.position_head}

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "bn_momentum", "global_bn")

    def positions(self, patches: tf.Tensor, *, training: bool) -> tf.Tensor:
        """Logits of where each neighbour lies: [batch, neighbours, neighbours].

        Args:
          patches: [batch, 1 + neighbours, side, side, 3], the centre first.
          training: whether batch norm uses and follows the batch's statistics.
        """
        _, count, *picture = patches.shape
        hidden = self.embed(tf.reshape(patches, [-1, *picture]), training=training)[-1]
        hidden = tf.reshape(hidden, [-1, count, hidden.shape[-1]])
        return self.position_head(hidden, training=training)

    def judged(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self.positions(images, training=training)
        neighbours = logits.shape[-1]
        logits = tf.reshape(logits, [-1, neighbours])
        one_hot = tf.tile(tf.eye(neighbours), [tf.shape(images)[0], 1])
        return softmax_cross_entropy(logits, one_hot), top_k_hits(logits, one_hot, 1)
