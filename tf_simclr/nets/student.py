"""A classifier that learns from a teacher: arXiv 2006.10029, section 2, equations 2 and 3."""

import types
from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.distillation import mixed_loss
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.saved import PACKAGE


@keras.saving.register_keras_serializable(PACKAGE)
class Student(Classifier):
    """A Classifier that trains on a teacher's class probabilities, with or without labels.

    fit() takes `(images, one_hot)`, or `images` alone where `alpha` is 1: float [batch, h, w, 3]
    and [batch, classes]. The teacher sees the same pictures. evaluate() is the Classifier's.

    Args:
      encoder: a ResNet, of any size.
      projection_head: a ProjectionHead.
      teacher: images float [batch, h, w, 3] -> logits [batch, num_classes]. Its weights are not
        the student's: they are neither trained nor saved.
      temperature: of the softmax of both, > 0.
      alpha: in [0, 1], weight of the distillation loss; the label loss gets the rest.
      **options: as Classifier takes them.

    Raises:
      ValueError: for a value out of range; in training, if the teacher has other classes.
    """

    METRICS = (*Classifier.METRICS, "distill_loss", "teacher_agreement")

    def __init__(
        self,
        encoder: keras.Model,
        projection_head: keras.layers.Layer,
        *,
        teacher: Callable[[tf.Tensor], tf.Tensor],
        temperature: float = 1.0,
        alpha: float = 1.0,
        name: str = "student",
        **options: Any,
    ):
        super().__init__(encoder, projection_head, name=name, **options)
        if not temperature > 0:
            raise ValueError(f"`temperature` must be > 0. Received: {temperature=}.")
        if not 0 <= alpha <= 1:
            raise ValueError(f"`alpha` must be in [0, 1]. Received: {alpha=}.")
        # Keras does not look into a namespace, and so neither trains nor saves the teacher.
        self._untracked = types.SimpleNamespace(teacher=teacher)
        self.temperature = temperature
        self.alpha = alpha

    def get_config(self) -> dict[str, Any]:
        raise ValueError(
            "A Student cannot be saved as a Keras model: its `teacher` is not part of it. Received:"
            f" teacher={self._untracked.teacher!r}. Save its weights by save_weights, and load them"
            " into a Student with a teacher, or into a Classifier of the same arguments."
        )

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        teacher_logits = self._ask(images)  # Before the tape, which would keep all its activations.
        with tf.GradientTape() as tape:
            logits = self(images, training=True)
            mixed = mixed_loss(
                logits, teacher_logits, one_hot, temperature=self.temperature, alpha=self.alpha
            )
            penalty = tf.cast(self.penalty(), mixed.loss.dtype)
            loss = mixed.loss + penalty
        self.minimize(tape, loss)
        same = tf.argmax(logits, axis=-1) == tf.argmax(teacher_logits, axis=-1)  # [batch]
        self.track(
            total_loss=loss,
            distill_loss=mixed.distilled,
            teacher_agreement=tf.cast(same, tf.float32),
            weight_decay=penalty,
        )
        if one_hot is None:
            results = self.results()
            return {name: results[name] for name in results if name not in self.OF_LABELS}
        self.track_labels(logits, one_hot, mixed.supervised)
        return self.results()

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        results = super().test_step(data)
        return {name: results[name] for name in Classifier.METRICS}

    def _ask(self, images: tf.Tensor) -> tf.Tensor:
        logits = self._untracked.teacher(images)
        if logits.shape[-1] != self.num_classes:
            raise ValueError(
                f"`teacher` must give logits [batch, {self.num_classes}], of the student's classes."
                f" Received: logits of shape {logits.shape}."
            )
        return logits
