"""The base class of networks that learn from labels made out of the pictures themselves.

Such labels are a picture's turn (arXiv 1803.07728), the place of a patch (1505.05192), or the patch
that a picture was made of (1406.6909).
"""

import abc
from collections.abc import Callable
from typing import Any, ClassVar

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.microbatches import Microbatches
from tf_simclr.nets.saved import attributes
from tf_simclr.nets.trainable import TrainableNet

# (first element of a batch, int64 [1, 2] with a seed) -> the pictures, [batch, ...]
MakePictures = Callable[[Any, tf.Tensor], tf.Tensor]


class PretextNet(TrainableNet):
    """A tf_keras.Model whose loss is the mean over examples that it makes of a batch.

    fit() and evaluate() take batches of `images` or `(images, labels)`, [batch, ...] each.

    A subclass defines TASK, METRICS as `metrics_of(TASK)`, `judged`, `parts` for what it has beyond
    encoder and projection head, and `get_config` for arguments of its own.

    To save memory, a step with `microbatches` K > 1 processes K equal parts of each replica's batch
    one after another, and adds up their gradients:

        g = sum over m of 1 / K * d (mean loss of part m) / d weights

    Batch norm in training normalises each part with the statistics of that part (with `global_bn`,
    over all replicas), and the moving averages follow each part once; g is exactly the gradient of
    such a network. If all norms are frozen, g is that of the plain step.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool".
      projection_head: a ProjectionHead.
      make_views: makes the pictures of a replica's batch inside the step, for example by
        augmentation on the device. None takes them as they come.
      microbatches: K, >= 1, parts of a replica's batch; it must divide the batch.
      seed: of make_views, which gets (this seed, a number unique to step and replica).

    Call returns a dict of final_avg_pool [batch, features] and proj_head_output [batch, out_dim].

    Raises:
      ValueError: for less than one micro-batch; in `fit`, for a batch that `microbatches` does not
        divide.
    """

    TASK: ClassVar[str]
    supervised_head = None  # It knows no classes of the data.

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        make_views: MakePictures | None = None,
        microbatches: int = 1,
        seed: int = 0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        if microbatches < 1:
            raise ValueError(f"`microbatches` must be >= 1. Received: {microbatches=}.")
        self.encoder = encoder
        self.projection_head = projection_head
        self.make_views = make_views
        self.microbatches = microbatches
        self.seed = seed

    @abc.abstractmethod
    def judged(
        self, images: tf.Tensor, labels: tf.Tensor | None, *, training: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Loss and answers on the examples that are made of some pictures.

        Args:
          images: of a batch, or of a part of one: [pictures, ...].
          labels: [pictures, ...]; None if batches have none.
          training: whether batch norm uses and follows the batch's statistics.

        Returns:
          The mean loss over the examples, a scalar, at least float32; and whether each is right,
          float32 [examples].
        """

    def embed(self, images: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        """[representations, layer 1, ..., projections] of pictures [n, h, w, 3]."""
        hidden = self.encoder(images, training=training)["final_avg_pool"]
        return self.projection_head(hidden, training=training)

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        layers = self.embed(images, training=training)
        return {"final_avg_pool": layers[0], "proj_head_output": layers[-1]}

    def get_config(self) -> dict[str, Any]:
        if self.make_views is not None:
            raise ValueError(
                f"A {type(self).__name__} with `make_views` cannot be saved as a Keras model."
                f" Received: make_views={self.make_views!r}. Save its encoder, a Keras model, or"
                " its weights by save_weights; load those into one made with the same arguments."
            )
        return super().get_config() | {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "projection_head": keras.saving.serialize_keras_object(self.projection_head),
            **attributes(self, "microbatches", "seed", "name"),
        }

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        if self.make_views is not None:
            images = self.make_views(images, self.step_seeds(self.seed, 1))
        if self.microbatches > 1:
            self._minimize_in_parts(images, labels)
        else:
            with tf.GradientTape() as tape:
                loss, right = self.judged(images, labels, training=True)
                total = self._total(loss, tf.reduce_mean(right))
            self.minimize(tape, total)
        return self.results()

    def _minimize_in_parts(self, images: tf.Tensor, labels: tf.Tensor | None) -> None:
        parts = Microbatches(images.shape[0], self.microbatches, views=1)
        variables = self.trainable_variables
        share = 1 / self.microbatches

        def backward(images: tf.Tensor, *labels: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                loss, right = self.judged(images, *labels or (None,), training=True)
            gradients = tape.gradient(
                loss, variables, self.upstream(loss) * share, tf.UnconnectedGradients.ZERO
            )
            return [*gradients, loss * share, tf.reduce_mean(right) * share]

        with tf.GradientTape() as tape:
            penalty = self.penalty()
        of_penalty = tape.gradient(penalty, variables, output_gradients=self.upstream(penalty))
        start = [tf.zeros_like(v) if g is None else g for v, g in zip(variables, of_penalty)]
        nothing = tf.zeros([], self.variable_dtype)
        rows = [images] if labels is None else [images, labels]
        *gradients, loss, right = parts.sum(backward, rows, [*start, nothing, tf.constant(0.0)])
        self.descend(self._total(loss, right), zip(gradients, variables))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, labels, _ = keras.utils.unpack_x_y_sample_weight(data)
        loss, right = self.judged(images, labels, training=False)
        self._total(loss, tf.reduce_mean(right))
        return self.results()

    def _total(self, loss: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
        """The loss with the penalty; adds both, and the share of right answers, to the means."""
        penalty = tf.cast(self.penalty(), loss.dtype)
        self.track(total_loss=loss + penalty, weight_decay=penalty)
        self.track(**{f"{self.TASK}_loss": loss, f"{self.TASK}_acc": right})
        return loss + penalty


def metrics_of(task: str) -> tuple[str, ...]:
    """METRICS of the network of a task: "rotation" has a rotation_loss and a rotation_acc."""
    return ("total_loss", f"{task}_loss", f"{task}_acc", "weight_decay")
