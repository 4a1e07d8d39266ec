"""Relative position: where does one patch lie, seen from another? (arXiv 1505.05192)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.supervised import softmax_cross_entropy, top_k_hits
from tf_simclr.nets.heads import ProjectionHead
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

    encoder, for each patch -> PairHead. There is no projection head: one of mode "none" stands for
    it. Whole pictures [batch, h, w, 3] go through the encoder alone.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool". It is shared by
        all patches: the tower.
      bn_momentum: of the pair head, as in ResNet.
      global_bn: of the pair head, as in ResNet.
      **options: as PretextNet takes them.

    Call returns for patches a dict of logits_position [batch, neighbours, neighbours]: for each
    neighbour, a logit of every place. For whole pictures it returns final_avg_pool and
    proj_head_output, the same [batch, features]. It must have been called with patches once before
    it trains.
    """

    TASK = "position"
    METRICS = metrics_of(TASK)

    def __init__(
        self,
        encoder: keras.layers.Layer,
        *,
        bn_momentum: float = MOMENTUM,
        global_bn: bool = True,
        name: str = "relative_position",
        **options: Any,
    ):
        super().__init__(encoder, ProjectionHead("none"), name=name, **options)
        self.bn_momentum = bn_momentum
        self.global_bn = global_bn
        self.position_head = PairHead(bn_momentum=bn_momentum, global_bn=global_bn)

    def parts(self) -> dict[str, tf.Module]:
        return {"encoder": self.encoder, "position_head": self.position_head}

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | attributes(self, "bn_momentum", "global_bn")
        return {name: value for name, value in config.items() if name != "projection_head"}

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        if images.shape.rank == 4:
            return super().call(images, training=training)
        _, count, *picture = images.shape
        hidden = self.embed(tf.reshape(images, [-1, *picture]), training=training)[-1]
        hidden = tf.reshape(hidden, [-1, count, hidden.shape[-1]])
        return {"logits_position": self.position_head(hidden, training=training)}

    def judged(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self(images, training=training)["logits_position"]
        neighbours = logits.shape[-1]
        logits = tf.reshape(logits, [-1, neighbours])
        one_hot = tf.tile(tf.eye(neighbours), [tf.shape(images)[0], 1])
        return softmax_cross_entropy(logits, one_hot), top_k_hits(logits, one_hot, 1)
