"""A classifier on a pretrained encoder: linear evaluation and fine-tuning.

arXiv 2002.05709, section 4.2; on a middle layer of the projection head: 2006.10029, section 2.
"""

import types
from collections.abc import Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.encoder import Encoder
from tf_simclr.nets.heads import PYRAMID, SupervisedHead, norm_of_classifier, read_by
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.saved import PACKAGE, attributes
from tf_simclr.nets.trainable import TrainableNet

FROZEN_BATCH_NORM = ("inference", "training")


@keras.saving.register_keras_serializable(PACKAGE)
class Classifier(TrainableNet):
    """encoder -> the first layers of the projection head, or the encoder's pyramid -> logits.

    fit() and evaluate() take `(images, one_hot)`: float [batch, h, w, 3] and [batch, classes].

    Args:
      encoder: an Encoder.
      projection_head: a ProjectionHead; layers after `selector` are not trained.
      num_classes: >= 1.
      selector: which of the head's outputs is classified: 0 is the representation, k layer k, -1
        the last. "pyramid" is the encoder's endpoint of that name, standardised.
      freeze_up_to: -1 trains everything, 0 freezes the stem, k also groups 1..k; num_groups of the
        encoder trains only the linear layer.
      frozen_batch_norm: of parts that are not trained, which include the projection layers after
        `selector`. "inference" normalises with the moving averages and does not change them;
        "training" uses and follows the batch's statistics, as in the original.
      zero_init: whether the linear layer starts at zero.
      class_names: one for each class, in the order of the logits; () if they are not known.

    Call returns logits [batch, num_classes].

    Raises:
      ValueError: for a value out of range; in `build`, for a `selector` beyond the head's layers.
    """

    METRICS: tuple[str, ...] = ("total_loss", *TrainableNet.OF_LABELS, "weight_decay")
    supervised_head: SupervisedHead

    def __init__(
        self,
        encoder: Encoder,
        projection_head: keras.layers.Layer,
        *,
        num_classes: int,
        selector: int | str = 0,
        freeze_up_to: int = -1,
        frozen_batch_norm: str = "inference",
        zero_init: bool = False,
        class_names: Sequence[str] = (),
        name: str = "classifier",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        if num_classes < 1:
            raise ValueError(f"`num_classes` must be >= 1. Received: num_classes={num_classes!r}.")
        if not -1 <= freeze_up_to <= encoder.num_groups:
            raise ValueError(
                f"`freeze_up_to` must be from -1 to {encoder.num_groups}. Received:"
                f" {freeze_up_to=}."
            )
        if frozen_batch_norm not in FROZEN_BATCH_NORM:
            raise ValueError(
                f"`frozen_batch_norm` must be one of {FROZEN_BATCH_NORM}. Received:"
                f" {frozen_batch_norm=}."
            )
        if isinstance(selector, str) and selector != PYRAMID:
            raise ValueError(f"`selector` must be a number or {PYRAMID!r}. Received: {selector=}.")
        if class_names and len(class_names) != num_classes:
            raise ValueError(
                "`class_names` must be one for each class, or (). Received:"
                f" {len(class_names)} names, num_classes={num_classes}."
            )
        self.encoder = encoder
        self.projection_head = projection_head
        self.supervised_head = SupervisedHead(
            num_classes, zero_init=zero_init, norm=norm_of_classifier(projection_head, selector)
        )
        self.num_classes = num_classes
        self.selector = selector
        self.freeze_up_to = freeze_up_to
        self.frozen_batch_norm = frozen_batch_norm
        # Keras does not look into a namespace, and so does not make a layer's state of a list.
        self._known = types.SimpleNamespace(class_names=tuple(class_names))

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the logits; () if they are not known."""
        return self._known.class_names

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes all variables and freezes what is not trained. Call it before compile."""
        self._build_input_shape = tuple(input_shape)  # Saved by Keras, for when it is loaded.
        images = tf.zeros([1, *input_shape[1:]], self.compute_dtype)
        self.supervised_head(self._read(images, training=False))
        self.encoder.freeze_up_to(self.freeze_up_to)
        # Differs from the original: there weight decay shrinks the layers after that one.
        kept = 0
        if isinstance(self.selector, int):
            kept = self.selector % (len(self.projection_head.layers) + 1)
        for number, layer in enumerate(self.projection_head.layers, start=1):
            layer.trainable = number <= kept and self.freeze_up_to < self.encoder.num_groups
        for module in self.submodules:
            if isinstance(module, BatchNorm):
                module.trains_when_frozen = self.frozen_batch_norm == "training"
        self.built = True

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.supervised_head(self._read(images, training), training=training)

    def _read(self, images: tf.Tensor, training: bool) -> tf.Tensor:
        """What is classified: [batch, features]."""
        endpoints = self.encoder(images, training=training)
        outputs = self.projection_head(endpoints["final_avg_pool"], training=training)
        return read_by(self.selector, endpoints, outputs)

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            loss = self._loss(self(images, training=True), one_hot)
        self.minimize(tape, loss)
        return self.results()

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        self._loss(self(images, training=False), one_hot)
        return self.results()

    def _loss(self, logits: tf.Tensor, one_hot: tf.Tensor) -> tf.Tensor:
        loss = softmax_cross_entropy(logits, one_hot)
        penalty = tf.cast(self.penalty(), loss.dtype)
        self.track(total_loss=loss + penalty, weight_decay=penalty)
        self.track_labels(logits, one_hot, loss)
        return loss + penalty

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "projection_head": keras.saving.serialize_keras_object(self.projection_head),
            "zero_init": self.supervised_head.zero_init,
            "class_names": list(self.class_names),
            "name": self.name,
            **attributes(self, "num_classes", "selector", "freeze_up_to", "frozen_batch_norm"),
        }
