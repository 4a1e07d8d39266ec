"""The head that tells where one patch lies beside another (arXiv 1505.05192, figure 3)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.layers import MOMENTUM, BatchNorm
from tf_simclr.nets.saved import PACKAGE, attributes


@keras.saving.register_keras_serializable(PACKAGE)
class PairHead(keras.layers.Layer):
    """Features of patches -> logits of where each neighbour lies, seen from the centre.

        each patch   Dense, BN, ReLU                    (fc6, the last layer that patches share)
        each pair    the centre's and the neighbour's, concatenated:
                     Dense, BN, ReLU; Dense, ReLU; Dense                      (fc7, fc8 and fc9)

    BN has neither scale nor shift. With a scale the network could silence a layer early, and would
    not learn (section 3.1).

    Args:
      width: of all layers but the last; None takes that of the features.
      bn_momentum: as in ResNet.
      global_bn: as in ResNet.

    Call arguments:
      hidden: float [batch, 1 + neighbours, features], the centre first.
      training: whether batch norm uses and follows the batch's statistics.

    Returns:
      float [batch, neighbours, neighbours]: for each neighbour, a logit of every place.

    Raises:
      ValueError: for a width below 1.
    """

    def __init__(
        self,
        *,
        width: int | None = None,
        bn_momentum: float = MOMENTUM,
        global_bn: bool = True,
        name: str = "head_position",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        if width is not None and width < 1:
            raise ValueError(f"`width` must be at least 1. Received: {width=}.")
        self.width = width
        self.bn_momentum = bn_momentum
        self.global_bn = global_bn

    def build(self, input_shape: tf.TensorShape) -> None:
        _, patches, features = input_shape
        width = self.width or features

        def norm(name: str) -> BatchNorm:
            return BatchNorm(
                momentum=self.bn_momentum,
                synchronized=self.global_bn,
                scale=False,
                center=False,
                dtype=self.dtype_policy,
                name=name,
            )

        # He's initialisation keeps the variance behind ReLU, as fc8 has no norm.
        def dense(units: int, name: str, bias: bool = True) -> keras.layers.Dense:
            options = {"kernel_initializer": "he_normal", "dtype": self.dtype_policy}
            return keras.layers.Dense(units, use_bias=bias, name=name, **options)

        self.of_patch, self.patch_norm = dense(width, "of_patch", bias=False), norm("patch_norm")
        self.of_pair, self.pair_norm = dense(width, "of_pair", bias=False), norm("pair_norm")
        self.hidden, self.logits = dense(width, "hidden"), dense(patches - 1, "logits")
        super().build(input_shape)

    def call(self, hidden: tf.Tensor, training: bool = False) -> tf.Tensor:
        each = tf.nn.relu(self.patch_norm(self.of_patch(hidden), training=training))
        neighbours = each[:, 1:]
        centres = tf.repeat(each[:, :1], neighbours.shape[1], axis=1)
        pairs = tf.concat([centres, neighbours], axis=-1)  # [batch, neighbours, 2 * width]
        pairs = tf.nn.relu(self.pair_norm(self.of_pair(pairs), training=training))
        return self.logits(tf.nn.relu(self.hidden(pairs)))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "width", "bn_momentum", "global_bn")
