"""Rotation prediction: by how much was a picture turned? (arXiv 1803.07728)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.supervised import softmax_cross_entropy, top_k_hits
from tf_simclr.nets.heads import SupervisedHead
from tf_simclr.nets.pretext import PretextNet, metrics_of
from tf_simclr.nets.saved import PACKAGE

TURNS = 4


def four_turns(images: tf.Tensor) -> tf.Tensor:
    """Turns pictures anticlockwise by 0, 90, 180 and 270 degrees (section 3.1).

    By transposing and mirroring alone, so that no pixel changes its value:

        90   transpose, then mirror top to bottom
        180  mirror both ways
        270  transpose, then mirror left to right

    Args:
      images: [n, side, side, channels], square.

    Returns:
      [4 * n, side, side, channels]: all pictures by 0 degrees, then all by 90, and so on.
    """
    transposed = tf.transpose(images, [0, 2, 1, 3])
    turned = [
        images,
        tf.reverse(transposed, [1]),
        tf.reverse(images, [1, 2]),
        tf.reverse(transposed, [2]),
    ]
    return tf.concat(turned, axis=0)


def turns_of(count: tf.Tensor | int) -> tf.Tensor:
    """The labels of four_turns of `count` pictures, one_hot float32 [4 * count, 4]."""
    return tf.repeat(tf.eye(TURNS), count, axis=0)


@keras.saving.register_keras_serializable(PACKAGE)
class RotationNet(PretextNet):
    """A tf_keras.Model that learns an encoder by predicting turns (arXiv 1803.07728, section 3).

    fit() and evaluate() take `images` [batch, side, side, 3], and ignore labels. The four turns of
    each picture are in one batch (section 3.1), and the loss is the mean cross entropy over all:

        loss = 1 / (4 * batch) * sum over pictures x and turns y of -log p(y | x turned by y)

    encoder -> projection head -> a linear layer. A projection head of mode "none" leaves the
    paper's head: one linear layer on the average-pooled features. "linear" is linear, too, with a
    norm between its two layers; "nonlinear" is a perceptron.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool".
      projection_head: a ProjectionHead.
      **options: as PretextNet takes them.

    Call returns a dict of final_avg_pool [batch, features], proj_head_output [batch, out_dim] and
    logits_rotation [batch, 4].
    """

    TASK = "rotation"
    METRICS = metrics_of(TASK)

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        name: str = "rotation",
        **options: Any,
    ):
        super().__init__(encoder, projection_head, name=name, **options)
        self.rotation_head = SupervisedHead(TURNS, name="head_rotation")

    def parts(self) -> dict[str, tf.Module]:
        return super().parts() | {"rotation_head": self.rotation_head}

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        outputs = super().call(images, training=training)
        return outputs | {"logits_rotation": self.rotation_head(outputs["proj_head_output"])}

    def judged(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        logits = self(four_turns(images), training=training)["logits_rotation"]
        one_hot = turns_of(images.shape[0] or tf.shape(images)[0])
        return softmax_cross_entropy(logits, one_hot), top_k_hits(logits, one_hot, 1)
