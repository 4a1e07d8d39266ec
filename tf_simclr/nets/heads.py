"""The heads on the representation: projection g (arXiv 2002.05709, section 2.1) and classifier."""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.layers import MOMENTUM, BatchNorm
from tf_simclr.nets.saved import PACKAGE, attributes, freeze_paths, frozen_paths

MODES = ("nonlinear", "linear", "none")
PYRAMID = "pyramid"  # selects that endpoint of the encoder, in place of a layer of the head
DENSE_STDDEV = 0.01


@keras.saving.register_keras_serializable(PACKAGE)
class ProjectionHead(keras.layers.Layer):
    """z = g(h): the layers between the representation and the contrastive loss.

        nonlinear   [Dense, BN, ReLU] of the input's width, num_layers - 1 times; Dense, BN
        linear      Dense, BN
        none        nothing

    No Dense has a bias; the last BN has no beta. SimCLRv2 uses three layers and fine-tunes from the
    first (arXiv 2006.10029, section 2).

    Args:
      mode: "nonlinear", "linear" or "none".
      out_dim: width of the last layer.
      num_layers: Dense layers of a nonlinear head, >= 1.
      bn_momentum: as in ResNet.
      global_bn: as in ResNet.

    Call arguments:
      hidden: float [batch, features].
      training: whether batch norm uses and follows the batch's statistics.

    Returns:
      A list [h, layer 1, ..., z] of [batch, width] outputs, each after its norm and ReLU. A
      classifier reads element ft_proj_selector.

    Raises:
      ValueError: for another mode, or a number below 1.
    """

    def __init__(
        self,
        mode: str = "nonlinear",
        *,
        out_dim: int = 128,
        num_layers: int = 3,
        bn_momentum: float = MOMENTUM,
        global_bn: bool = True,
        name: str = "head_contrastive",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        if mode not in MODES:
            raise ValueError(f"`mode` must be one of {MODES}. Received: mode={mode!r}.")
        if out_dim < 1:
            raise ValueError(f"`out_dim` must be at least 1. Received: out_dim={out_dim!r}.")
        if num_layers < 1:
            raise ValueError(f"`num_layers` must be at least 1. Received: {num_layers=}.")
        self.mode = mode
        self.out_dim = out_dim
        self.num_layers = num_layers
        self.bn_momentum = bn_momentum
        self.global_bn = global_bn
        self._frozen: tuple[str, ...] | None = None  # layers to freeze, of a saved head

    def build(self, input_shape: tf.TensorShape) -> None:
        # Differs from the original: it cannot build the modes linear and none.
        last = {"nonlinear": self.num_layers, "linear": 1, "none": 0}[self.mode]
        widths = [input_shape[-1]] * (last - 1) + [self.out_dim] * min(last, 1)
        norm = {"momentum": self.bn_momentum, "synchronized": self.global_bn}
        self.layers = [
            DenseNorm(width, final=number == last, norm=norm, name=f"layer{number}")
            for number, width in enumerate(widths, start=1)
        ]
        if self._frozen is not None:
            freeze_paths(self, self._frozen)
        elif not self.trainable:  # type: ignore[has-type]
            self.trainable = False  # The layers inside, too.
        super().build(input_shape)

    def call(self, hidden: tf.Tensor, training: bool = False) -> list[tf.Tensor]:
        outputs = [hidden]
        for layer in self.layers:
            outputs.append(layer(outputs[-1], training=training))
        return outputs

    def get_config(self) -> dict[str, Any]:
        given = attributes(self, "mode", "out_dim", "num_layers", "bn_momentum", "global_bn")
        return super().get_config() | given | {"frozen": frozen_paths(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "ProjectionHead":
        """The head that `get_config` described, with the same layers frozen."""
        arguments = {name: value for name, value in config.items() if name != "frozen"}
        head = cls(**arguments)
        if config.get("frozen"):
            head._frozen = tuple(config["frozen"])
        return head


def selected(outputs: Sequence[tf.Tensor], selector: int) -> tf.Tensor:
    """The output of a projection head that a classifier reads.

    Args:
      outputs: [h, layer 1, ..., z], as a ProjectionHead returns them.
      selector: 0 is the representation, k is layer k, -1 is the last.

    Raises:
      ValueError: for a `selector` that the head does not have.
    """
    if not -1 <= selector < len(outputs):
        raise ValueError(
            f"`selector` must be from -1 to {len(outputs) - 1}, the last layer of this"
            f" projection head. Received: {selector=}."
        )
    return outputs[selector]


def read_by(
    selector: int | str, endpoints: Mapping[str, tf.Tensor], outputs: Sequence[tf.Tensor]
) -> tf.Tensor:
    """What a classifier reads: [batch, width].

    Args:
      selector: as for `selected`, or the name of an endpoint, such as PYRAMID.
      endpoints: of the encoder.
      outputs: of the projection head.
    """
    if isinstance(selector, str):
        return endpoints[selector]
    return selected(outputs, selector)


def norm_of_classifier(head: ProjectionHead, selector: int | str) -> dict[str, Any] | None:
    """The `norm` of a SupervisedHead that reads what is selected.

    Args:
      head: the projection head beside it, whose norms are alike.
      selector: a layer of that head, or PYRAMID.
    """
    if selector != PYRAMID:
        return None
    return {"momentum": head.bn_momentum, "synchronized": head.global_bn}


class DenseNorm(keras.layers.Layer):
    """One layer of a projection head: Dense without bias, BN, and ReLU unless it is `final`."""

    def __init__(self, width: int, *, final: bool, norm: dict, **kwargs: Any):
        super().__init__(**kwargs)
        self.final = final
        self.dense = keras.layers.Dense(
            width, use_bias=False, kernel_initializer=_dense_initializer(), name="dense"
        )
        self.bn = BatchNorm(center=not final, name="bn", **norm)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        outputs = self.bn(self.dense(inputs), training=training)
        return outputs if self.final else tf.nn.relu(outputs)


@keras.saving.register_keras_serializable(PACKAGE)
class SupervisedHead(keras.layers.Dense):
    """The linear classifier: [batch, width] -> [batch, num_classes] logits, with bias.

    Args:
      num_classes: >= 1.
      zero_init: start at zero logits instead of N(0, 0.01).
      norm: arguments of a BatchNorm that standardises the features first, without gamma and beta;
        None for none. Those of the pyramid are of very different sizes.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        zero_init: bool = False,
        norm: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ):
        # Differs from the original: there `zero_init` comes too late and has no effect.
        initializer = "zeros" if zero_init else _dense_initializer()
        kwargs = {"name": "head_supervised", "kernel_initializer": initializer} | kwargs
        super().__init__(num_classes, **kwargs)
        self.num_classes = num_classes
        self.zero_init = zero_init
        self.norm = None
        if norm is not None:
            self.norm = BatchNorm(center=False, scale=False, name="norm", **norm)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self.norm is not None:
            inputs = self.norm(inputs, training=training)
        return super().call(inputs)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["units"]  # is num_classes
        norm = self.norm and attributes(self.norm, "momentum", "synchronized")
        return config | attributes(self, "num_classes", "zero_init") | {"norm": norm}


def _dense_initializer() -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=DENSE_STDDEV)
