"""A linear classifier of very many classes, whose softmax runs in blocks."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.many_classes import BLOCK, block_sizes, many_class_cross_entropy
from tf_simclr.nets.heads import DENSE_STDDEV
from tf_simclr.nets.saved import PACKAGE, attributes


@keras.saving.register_keras_serializable(PACKAGE)
class ManyClasses(keras.layers.Layer):
    """A linear layer and its cross entropy, whose logits are never all in memory.

    Its weights come in blocks of classes, and its arithmetic is that of its weights: float32 under
    the half-precision policies, too.

    Args:
      num_classes: >= 1.
      block: most classes in a block, >= 1.

    Call arguments:
      features: [batch, width], float.
      labels: int [batch], from 0 to num_classes - 1.

    Returns:
      The mean cross entropy, a scalar; and float32 [batch], 1 where the row's class has the largest
      logit.

    Raises:
      ValueError: for a number below 1.
    """

    def __init__(
        self, num_classes: int, *, block: int = BLOCK, name: str = "head_classes", **kwargs: Any
    ):
        policy = keras.mixed_precision.global_policy()
        super().__init__(name=name, **{"dtype": policy.variable_dtype, **kwargs})
        if num_classes < 1:
            raise ValueError(f"`num_classes` must be >= 1. Received: {num_classes=}.")
        if block < 1:
            raise ValueError(f"`block` must be >= 1. Received: {block=}.")
        self.num_classes = num_classes
        self.block = block

    def build(self, input_shape: tf.TensorShape) -> None:
        self.kernels, self.biases = [], []
        for number, classes in enumerate(block_sizes(self.num_classes, self.block)):
            normal = keras.initializers.RandomNormal(stddev=DENSE_STDDEV)
            shape = [input_shape[-1], classes]
            self.kernels.append(self.add_weight(f"kernel{number}", shape, initializer=normal))
            self.biases.append(self.add_weight(f"bias{number}", [classes], initializer="zeros"))
        super().build(input_shape)

    def call(self, features: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        kernels, biases = (
            [tf.convert_to_tensor(weight) for weight in weights]
            for weights in (self.kernels, self.biases)
        )
        return many_class_cross_entropy(features, labels, kernels, biases)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "num_classes", "block")
