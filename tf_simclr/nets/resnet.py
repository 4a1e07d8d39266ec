"""ResNet v1 as SimCLR uses it: post-activation, projection shortcut at the head of every group.

arXiv 1512.03385, with the padding of the original SimCLR code; selective kernels and ResNet-D
(arXiv 1903.06586, 1812.01187) as in SimCLRv2 (arXiv 2006.10029, section 2); squeeze-and-excitation.
"""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.blocks import BasicBlock, BlockGroup, Bottleneck, Stem
from tf_simclr.nets.encoder import Encoder
from tf_simclr.nets.layers import MOMENTUM
from tf_simclr.nets.pyramid import pyramid
from tf_simclr.nets.saved import PACKAGE, attributes
from tf_simclr.resnet_sizes import BLOCKS, FIRST_BOTTLENECK_DEPTH, WIDTHS


@keras.saving.register_keras_serializable(PACKAGE)
class ResNet(Encoder):
    """Encoder f (arXiv 2002.05709, section 2.1): images -> a dict of endpoints, h the last of them.

    A ResNet (arXiv 1512.03385), with SimCLRv2's additions (arXiv 2006.10029, section 2).

        initial_conv        stem convolution, before its norm
        initial_max_pool    stem, after norm, ReLU and (unless small_images) pooling
        block_group1..4     output of each group, after ReLU
        final_avg_pool      [batch, features], mean of block_group4 over height and width
        pyramid             float32 [batch, numbers], means and standard deviations of block_group4,
                            and of the quarters of block_group3, 2 and 1; nets/pyramid.py

    Args:
      depth: 10, 18, 34, 50, 101, 152 or 200.
      width_multiplier: multiplies the channels of every layer; any positive number.
      sk_ratio: > 0 gives bottlenecks selective kernels, and any depth a ResNet-D stem and
        shortcuts; the paper uses 0.0625.
      se_ratio: > 0 puts squeeze-and-excitation at the end of each block's main branch.
      small_images: a 3x3 stem of stride 1 without pooling, for pictures up to 32 pixels.
      bn_momentum: of the moving averages of batch norm.
      global_bn: whether batch norm uses the statistics of all replicas together.

    Call arguments:
      images: float [batch, height, width, 3] in [0, 1].
      training: whether batch norm uses and follows the batch's statistics.

    Raises:
      ValueError: for a depth that is not listed, or a width or ratio out of range; when called, for
        integer pictures.
    """

    num_groups = len(WIDTHS)

    def __init__(
        self,
        depth: int,
        *,
        width_multiplier: float = 1,
        sk_ratio: float = 0.0,
        se_ratio: float = 0.0,
        small_images: bool = False,
        bn_momentum: float = MOMENTUM,
        global_bn: bool = True,
        name: str = "resnet",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        _check(depth, width_multiplier, sk_ratio, se_ratio)
        self.depth = depth
        self.width_multiplier = width_multiplier
        self.sk_ratio = sk_ratio
        self.se_ratio = se_ratio
        self.small_images = small_images
        self.bn_momentum = bn_momentum
        self.global_bn = global_bn

        norm = {"momentum": bn_momentum, "synchronized": global_bn}
        self._block = Bottleneck if depth >= FIRST_BOTTLENECK_DEPTH else BasicBlock
        self.stem = Stem(
            _scaled(WIDTHS[0], width_multiplier),
            small_images=small_images,
            deep=sk_ratio > 0,
            norm=norm,
            name="stem",
        )
        self.groups = [
            BlockGroup(
                self._block,
                blocks,
                filters=_scaled(width, width_multiplier),
                strides=1 if number == 1 else 2,
                ratios={"sk_ratio": sk_ratio, "se_ratio": se_ratio},
                norm=norm,
                name=f"group{number}",
            )
            for number, (blocks, width) in enumerate(zip(BLOCKS[depth], WIDTHS), start=1)
        ]
        if not self.trainable:  # type: ignore[has-type]
            self.trainable = False  # Also of the layers inside.

    @property
    def num_features(self) -> int:
        """Width of final_avg_pool."""
        return self._block.expansion * _scaled(WIDTHS[-1], self.width_multiplier)

    def freeze_up_to(self, group: int) -> None:
        """As in Encoder, for the stem and the groups of residual blocks.

        Args:
          group: from -1 to 4.
        """
        self.stem.trainable = group < 0
        for number, layer in enumerate(self.groups, start=1):
            layer.trainable = number > group

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        images = self.checked(images)
        endpoints = self.stem(images, training=training)
        hidden = endpoints["initial_max_pool"]
        for number, group in enumerate(self.groups, start=1):
            hidden = group(hidden, training=training)
            endpoints[f"block_group{number}"] = hidden
        endpoints["final_avg_pool"] = tf.reduce_mean(hidden, [1, 2])
        stages = range(len(self.groups), 0, -1)
        endpoints["pyramid"] = pyramid([endpoints[f"block_group{number}"] for number in stages])
        return endpoints

    def get_config(self) -> dict[str, Any]:
        size = attributes(self, "depth", "width_multiplier", "sk_ratio", "se_ratio", "small_images")
        return super().get_config() | size | attributes(self, "bn_momentum", "global_bn", "name")


def _scaled(channels: int, width_multiplier: float) -> int:
    return int(channels * width_multiplier)


def _check(depth: int, width_multiplier: float, sk_ratio: float, se_ratio: float) -> None:
    if depth not in BLOCKS:
        raise ValueError(f"`depth` must be one of {sorted(BLOCKS)}. Received: depth={depth!r}.")
    if _scaled(WIDTHS[0], width_multiplier) < 1:
        raise ValueError(
            f"`width_multiplier` must leave at least one of {WIDTHS[0]} channels."
            f" Received: width_multiplier={width_multiplier!r}."
        )
    for name, ratio in (("sk_ratio", sk_ratio), ("se_ratio", se_ratio)):
        if not 0 <= ratio <= 1:
            raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={ratio!r}.")
