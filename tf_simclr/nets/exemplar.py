"""Exemplar networks: of which patch is this a copy? (arXiv 1406.6909)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.many_classes import ManyClasses
from tf_simclr.nets.pretext import PretextNet, metrics_of
from tf_simclr.nets.saved import PACKAGE, attributes


@keras.saving.register_keras_serializable(PACKAGE)
class ExemplarNet(PretextNet):
    """A tf_keras.Model that learns an encoder by telling surrogate classes apart.

    arXiv 1406.6909, section 2.2: each seed patch i is a class, x_i its copies, each changed by
    random transformations, and the network minimises the mean of

        -log softmax(f(x_i))_i

    fit() and evaluate() take `(images, classes)`: float [batch, h, w, 3], copies of seed patches,
    and int [batch], their classes. encoder -> projection head -> a linear layer over all classes,
    whose softmax runs in blocks.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool".
      projection_head: a ProjectionHead.
      num_classes: seed patches, >= 1.
      **options: as PretextNet takes them.

    Call returns a dict of final_avg_pool [batch, features] and proj_head_output [batch, out_dim].
    """

    TASK = "exemplar"
    METRICS = metrics_of(TASK)

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        num_classes: int,
        name: str = "exemplar",
        **options: Any,
    ):
        super().__init__(encoder, projection_head, name=name, **options)
        self.num_classes = num_classes
        self.exemplar_head = ManyClasses(num_classes, name="head_exemplar")

    def parts(self) -> dict[str, tf.Module]:
        return super().parts() | {"exemplar_head": self.exemplar_head}

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        outputs = super().call(images, training=training)
        if not self.exemplar_head.built:  # Its weights must be there before the first step.
            self.exemplar_head(outputs["proj_head_output"][:1], tf.zeros([1], tf.int64))
        return outputs

    def judged(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return self.exemplar_head(self.embed(images, training=training)[-1], labels)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "num_classes")
