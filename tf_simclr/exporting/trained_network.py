"""A trained network as plain functions of images, from which every export format is made."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.exporting.traced import bare, images_spec, traced_once

if TYPE_CHECKING:
    from tf_simclr.evaluation.whitening import Whitening

MOMENTUM = tf.TensorSpec([], tf.float32, name="batch_norm_momentum")


@dataclasses.dataclass(frozen=True)
class TrainedNetwork:
    """Encoder, projection head and perhaps a classifier, built and with their weights.

    Attributes:
      encoder: images float32 [batch, h, w, 3] in [0, 1] -> a dict of endpoints.
      projection_head: final_avg_pool [batch, features] -> a list: its input, then each layer's
        output.
      supervised_head: [batch, width] -> logits [batch, classes]; None if there is no classifier.
      selector: the element of that list that the classifier reads, counted from 0; or the name of
        an endpoint.
      norms: the batch norms in all of these: layers with a `momentum`.
      trained_size: side of the pictures that it was trained on, in pixels; None is not known.
      class_names: of the classifier, in the order of its logits; () if they are not known.
      whitening: of the endpoint "pyramid"; None if it is not known.
    """

    encoder: keras.layers.Layer
    projection_head: keras.layers.Layer
    supervised_head: keras.layers.Layer | None
    selector: int | str
    norms: Sequence[Any]
    trained_size: int | None = None
    class_names: Sequence[str] = ()
    whitening: "Whitening | None" = None
    _traced: dict[int | None, Callable] = dataclasses.field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def parts(self) -> Mapping[str, keras.layers.Layer]:
        """Name -> layer, by their names in checkpoints."""
        named = {"encoder": self.encoder, "projection_head": self.projection_head}
        if self.supervised_head is not None:
            named["supervised_head"] = self.supervised_head
        return named

    def add_to(self, module: Any) -> None:
        """Gives a module what is saved and loaded with it: the parts, without Keras, by name.

        And, where they are known, `trained_size`, int32; `class_names()` -> string [classes]; and
        `pyramid_whitening`, whose `mean` and `projection` are those of a Whitening.

        Args:
          module: for tf.saved_model.save.
        """
        for name, part in self.parts.items():
            setattr(module, name, bare(part))
        if self.trained_size:
            # A constant would not be saved.
            module.trained_size = tf.Variable(self.trained_size, trainable=False, dtype=tf.int32)
        if self.class_names:
            # Not a variable: GPUs and TPUs have none of strings.
            names = tf.constant(list(self.class_names))
            module.class_names = tf.function(lambda: names, input_signature=[])
        if self.whitening:
            module.pyramid_whitening = self._white

    @property
    def batch_norm_momentum(self) -> float:
        """Momentum of the moving averages that it was trained with; 0 if there are none."""
        return self.norms[0].momentum if self.norms else 0.0

    def encode(
        self, images: tf.Tensor, training: bool = False, momentum: float | tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """The encoder's endpoints.

        Args:
          images: float32 [batch, h, w, 3] in [0, 1].
          training: whether batch norm uses and follows the batch's statistics.
          momentum: of the moving averages in batch norm, a scalar; None is that of training.
        """
        before = self.batch_norm_momentum
        momentum = before if momentum is None else momentum
        try:
            for norm in self.norms:
                norm.momentum = momentum
            return self.encoder(images, training=training)
        finally:
            for norm in self.norms:
                norm.momentum = before

    def traced_encode(self, size: int | None = None) -> Callable[..., dict[str, tf.Tensor]]:
        """`encode` as one graph for each mode, the same on every call.

        Args:
          size: side of the pictures that it takes, in pixels; None takes any height and width.

        Returns:
          (images, training=False, momentum=None) -> endpoints, for use in a tf.function.
        """
        if size not in self._traced:
            self._traced[size] = traced_once(self.encode, images_spec(size), [MOMENTUM])
        trace = self._traced[size]

        def encode(
            images: tf.Tensor, training: bool = False, momentum: float | tf.Tensor | None = None
        ) -> dict[str, tf.Tensor]:
            if momentum is None:
                momentum = self.batch_norm_momentum
            return trace(images, training, tf.convert_to_tensor(momentum, MOMENTUM.dtype))

        return encode

    @property
    def of_classifier(self) -> list[keras.layers.Layer]:
        """The layers that `classify` runs through, the encoder first."""
        reads = self.selector if isinstance(self.selector, int) else 0
        return [self.encoder, *self.projection_head.layers[:reads], self.supervised_head]

    def classify(self, endpoints: Mapping[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Logits [batch, classes]; runs only the layers of the projection head that they need.

        Args:
          endpoints: of the encoder.
          training: as for `encode`.
        """
        _, *layers, classifier = self.of_classifier
        read = endpoints[self.selector if isinstance(self.selector, str) else "final_avg_pool"]
        for layer in layers:
            read = layer(read, training=training)
        return classifier(read, training=training)

    def heads(
        self, endpoints: Mapping[str, tf.Tensor], training: bool = False
    ) -> dict[str, tf.Tensor]:
        """proj_head_input, proj_head_output and, with a classifier, logits_sup.

        Args:
          endpoints: of the encoder.
          training: as for `encode`.
        """
        projections = self.projection_head(endpoints["final_avg_pool"], training=training)
        outputs = {"proj_head_input": projections[0], "proj_head_output": projections[-1]}
        if self.supervised_head is not None:
            reads = self.selector
            read = endpoints[reads] if isinstance(reads, str) else projections[reads]
            outputs["logits_sup"] = self.supervised_head(read, training=training)
        return outputs

    def outputs(
        self, endpoints: Mapping[str, tf.Tensor], training: bool = False
    ) -> dict[str, tf.Tensor]:
        """The endpoints, what `heads` adds to them, and, with a whitening, pyramid_white.

        Args:
          endpoints: of the encoder.
          training: as for `encode`.
        """
        outputs = {**endpoints, **self.heads(endpoints, training)}
        if self.whitening:
            centred = endpoints["pyramid"] - self._white.mean
            outputs["pyramid_white"] = tf.matmul(centred, self._white.projection)
        return outputs

    @functools.cached_property
    def _white(self) -> Any:
        """The whitening as variables: constants would be saved again with every trace."""
        held = tf.__internal__.tracking.AutoTrackable()
        for name, value in (self.whitening._asdict() if self.whitening else {}).items():
            setattr(held, name, tf.Variable(value, trainable=False, name=f"pyramid_{name}"))
        return held

    def features(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        """The outputs of an inference-only format: features [batch, n], logits with a classifier.

        Args:
          images: float32 [batch, h, w, 3] in [0, 1].
        """
        endpoints = self.encode(images)
        outputs = {"features": endpoints["final_avg_pool"]}
        if self.supervised_head is not None:
            outputs["logits"] = self.classify(endpoints)
        return outputs
