"""SimCLR: encoder, projection head, contrastive loss, and a linear head trained alongside.

arXiv 2002.05709, section 2.1; the linear head behind a stop-gradient is as in the original code.
"""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.contrastive import Loss
from tf_simclr.losses.nt_xent import NTXent
from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.heads import SupervisedHead, selected
from tf_simclr.nets.memory import MemoryBank
from tf_simclr.nets.microbatches import Microbatches, unchanged
from tf_simclr.nets.saved import PACKAGE, attributes
from tf_simclr.nets.trainable import TrainableNet

# (first element of a batch, int64 [2, 2] with a seed for each view) -> float [2 * batch, h, w, 3],
# all first views before the second ones
MakeViews = Callable[[Any, tf.Tensor], tf.Tensor]


@keras.saving.register_keras_serializable(PACKAGE)
class SimCLR(TrainableNet):
    """A tf_keras.Model that learns an encoder without labels (arXiv 2002.05709, section 2.1).

    fit() takes batches of `images` or `(images, one_hot)`: float [batch, h, w, 6], two views of a
    picture in the channels, or the input of `make_views`; and [batch, classes] (a row of zeros has
    no label). evaluate() takes two views in the channels, or single pictures [batch, h, w, 3] with
    one_hot. predict() takes [batch, h, w, 3].

    To save memory, a step with `microbatches` K > 1 processes K equal parts of each replica's batch
    one after another. It holds the activations of one part, and the pictures, views and projections
    of the whole batch (arXiv 2101.06983):

        1. z_m = projections of part m, for all m; no activations are kept
        2. u   = d loss / d z, for the loss of all pairs of the whole batch, over all replicas
        3. g   = sum over m of u_m * d z_m / d weights, by a second forward and a backward pass

    g is the gradient of the whole batch's loss. In 1 and 3, batch norm in training normalises each
    part with the statistics of that part (with `global_bn`, over all replicas), and g is exactly
    the gradient of such a network; the moving averages follow each part once. If all norms are
    frozen, g is that of the plain step. The linear head and the penalty are computed once, for the
    whole batch, in 2. A variable of the encoder that the projections do not depend on has gradient
    0 here, and none in the plain step. On TPUs this was compiled but not run: for four chips, a
    small network's step took 739 MB in parts and 2,787 MB plain.

    Args:
      encoder: a ResNet, or any layer from images to a dict with "final_avg_pool".
      projection_head: a ProjectionHead.
      loss: the contrastive loss, such as `NTXent(temperature=0.5)`; None is NTXent().
      num_classes: of the linear head behind a stop-gradient; 0 leaves it out.
      selector: which of the projection head's outputs the linear head reads: 0 is the
        representation, k layer k, -1 the last.
      make_views: makes the views of a replica's batch inside the step, for example by augmentation
        on the device. None splits the channels.
      microbatches: K, >= 1, parts of a replica's batch; it must divide the batch. 1 is the plain
        step.
      memory: negatives from earlier batches. Training adds them to those of the batch, and then
        adds the second views of the batch to them (arXiv 2006.10029, section 2). It must `follow`
        the encoder and the head once they are built. Its rows are normalised if the loss has
        `hidden_norm`. None is no memory. evaluate() does not use it.
      seed: of make_views, which gets (this seed, a number unique to step, replica and view).

    Call returns a dict of final_avg_pool [batch, features], proj_head_output [batch, out_dim] and,
    with a linear head, logits_sup [batch, classes].

    Raises:
      ValueError: for a negative number of classes, a `loss` that is not a Loss, or less than one
        micro-batch; in the first call, for a `selector` that the head does not have; in `fit`,
        for a batch that `microbatches` does not divide.
    """

    METRICS = (
        "total_loss",
        "contrast_loss",
        "contrast_acc",
        "contrast_entropy",
        *TrainableNet.OF_LABELS,
        "weight_decay",
    )

    def __init__(
        self,
        encoder: keras.layers.Layer,
        projection_head: keras.layers.Layer,
        *,
        loss: Loss | None = None,
        num_classes: int = 0,
        selector: int = 0,
        make_views: MakeViews | None = None,
        microbatches: int = 1,
        memory: MemoryBank | None = None,
        seed: int = 0,
        name: str = "simclr",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        if num_classes < 0:
            raise ValueError(f"`num_classes` must be >= 0. Received: num_classes={num_classes!r}.")
        loss = NTXent() if loss is None else loss
        if not isinstance(loss, Loss):
            raise ValueError(
                f"`loss` must be a Loss, such as NTXent(temperature=0.1). Received: loss={loss!r}."
            )
        if microbatches < 1:
            raise ValueError(f"`microbatches` must be >= 1. Received: {microbatches=}.")
        self.encoder = encoder
        self.projection_head = projection_head
        self.supervised_head = SupervisedHead(num_classes) if num_classes else None
        self.num_classes = num_classes
        self.selector = selector
        self.contrastive_loss = loss  # `loss` is Keras' name of compile's argument.
        self.make_views = make_views
        self.microbatches = microbatches
        self._running.memory = memory  # Its weights are not weights of the model.
        self.seed = seed

    def get_config(self) -> dict[str, Any]:
        for name in ("make_views", "memory"):
            if (value := getattr(self, name)) is not None:
                raise ValueError(
                    f"A SimCLR with `{name}` cannot be saved as a Keras model. Received:"
                    f" {name}={value!r}. Save its encoder, a Keras model, or its weights by"
                    " save_weights; load those into a SimCLR made with the same arguments."
                )
        return super().get_config() | {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "projection_head": keras.saving.serialize_keras_object(self.projection_head),
            "loss": keras.saving.serialize_keras_object(self.contrastive_loss),
            **attributes(self, "num_classes", "selector", "microbatches", "seed", "name"),
        }

    @property
    def memory(self) -> MemoryBank | None:
        """The memory of negatives, if there is one."""
        return self._running.memory

    def parts(self) -> dict[str, tf.Module]:
        return super().parts() | (self.memory.parts() if self.memory else {})

    def restarted(self) -> None:
        if self.memory is not None:
            self.memory.restart()  # The averaged network starts as a copy of the restored one.

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        layers = self._embed(images, training)
        outputs = self._outputs(selected(layers, self.selector), layers[-1])
        return {"final_avg_pool": layers[0]} | outputs

    def read(self, images: tf.Tensor) -> tf.Tensor:
        """What the linear head reads of images [batch, h, w, 3], in inference: [batch, width]."""
        return selected(self._embed(images, False), self.selector)

    def _embed(self, images: tf.Tensor, training: bool) -> list[tf.Tensor]:
        """[representations, layer 1, ..., projections]."""
        hidden = self.encoder(images, training=training)["final_avg_pool"]
        return self.projection_head(hidden, training=training)

    def _outputs(self, read: tf.Tensor, projections: tf.Tensor) -> dict[str, tf.Tensor]:
        """The inputs of the loss, from the layer that the linear head reads and the last one."""
        outputs = {"proj_head_output": projections}
        if self.supervised_head is not None:
            outputs["logits_sup"] = self.supervised_head(tf.stop_gradient(read))
        return outputs

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        views = self._views(images)  # [2 * batch, h, w, 3]
        if self.microbatches > 1:
            self._minimize_in_parts(views, one_hot)
        else:
            with tf.GradientTape() as tape:
                loss = self._loss(self(views, training=True), one_hot, self.memory)
            self.minimize(tape, loss)
        if self.memory is not None:
            _, second = tf.split(views, 2, axis=0)
            hidden_norm = self.contrastive_loss.hidden_norm
            self.memory.update(second, self.microbatches, hidden_norm=hidden_norm)
        return self.results()

    def _minimize_in_parts(self, views: tf.Tensor, one_hot: tf.Tensor | None) -> None:
        local = None if views.shape[0] is None else views.shape[0] // 2
        parts = Microbatches(local, self.microbatches)

        def embed(views: tf.Tensor) -> tuple[tf.Tensor, ...]:
            layers = self._embed(views, training=True)
            # Kept in the precision of the loss, even if the network computes in half precision.
            kept = (selected(layers, self.selector), layers[-1])
            return tuple(tf.cast(layer, self.variable_dtype) for layer in kept)

        networks = (self.encoder, self.projection_head)
        averages = [v for network in networks for v in network.variables if not v.trainable]
        with unchanged(averages):
            read, projections = parts.map(embed, views, self.variable_dtype)

        through = [v for network in networks for v in network.trainable_variables]
        head = self.supervised_head.trainable_variables if self.supervised_head else []
        with tf.GradientTape() as tape:
            tape.watch(projections)
            loss = self._loss(self._outputs(read, projections), one_hot, self.memory)
        # The other weights get a gradient from the penalty.
        cached, of_penalty, of_head = tape.gradient(
            loss, (projections, through, head), output_gradients=self.upstream(loss)
        )

        def backward(views: tf.Tensor, cached: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                _, projections = embed(views)
            return tape.gradient(projections, through, cached, tf.UnconnectedGradients.ZERO)

        start = [tf.zeros_like(v) if g is None else g for v, g in zip(through, of_penalty)]
        gradients = parts.sum(backward, (views, cached), start)
        self.descend(loss, zip([*gradients, *of_head], [*through, *head]))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        images, one_hot, _ = keras.utils.unpack_x_y_sample_weight(data)
        if images.shape[-1] == 3:
            logits = self(images, training=False).get("logits_sup")
            supervised = self._supervised_loss(logits, one_hot)
            penalty = tf.cast(self.penalty(), supervised.dtype)
            self.track(weight_decay=penalty, total_loss=supervised + penalty)
        else:
            views = tf.concat(tf.split(images, 2, axis=-1), axis=0)
            self._loss(self(views, training=False), one_hot)
        return self.results()

    def _views(self, images: Any) -> tf.Tensor:
        if self.make_views is None:
            return tf.concat(tf.split(images, 2, axis=-1), axis=0)
        return self.make_views(images, self.step_seeds(self.seed, 2))

    def _loss(
        self,
        outputs: Mapping[str, tf.Tensor],
        one_hot: tf.Tensor | None,
        memory: MemoryBank | None = None,
    ) -> tf.Tensor:
        contrast, accuracy, entropy = self.contrastive_loss(
            outputs["proj_head_output"], None if memory is None else memory.remembered()
        )
        self.track(contrast_loss=contrast, contrast_acc=accuracy, contrast_entropy=entropy)
        total = contrast
        if "logits_sup" in outputs and one_hot is not None:
            one_hot = tf.concat([one_hot, one_hot], axis=0)
            supervised = self._supervised_loss(outputs["logits_sup"], one_hot)
            total += tf.cast(supervised, contrast.dtype)
        penalty = tf.cast(self.penalty(), contrast.dtype)
        total += penalty
        self.track(weight_decay=penalty, total_loss=total)
        return total

    def _supervised_loss(self, logits: tf.Tensor | None, one_hot: tf.Tensor | None) -> tf.Tensor:
        if logits is None or one_hot is None:
            raise ValueError("`evaluate` on single pictures needs a linear head and labels.")
        loss = softmax_cross_entropy(logits, one_hot)
        self.track_labels(logits, one_hot, loss)
        return loss
