"""The parts of a ResNet: stem, groups, and the residual blocks in them (arXiv 1512.03385)."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.layers import BatchNorm, Conv, SelectiveKernel, SqueezeExcite, fixed_padding


class Stem(keras.layers.Layer):
    """Layers before the first group: 7x7 (or three 3x3) of stride 2 and a pool, or one 3x3."""

    def __init__(self, filters: int, *, small_images: bool, deep: bool, norm: dict, **kwargs: Any):
        super().__init__(**kwargs)
        self.small_images = small_images
        if small_images:
            convs = [(filters, 3, 1)]
        elif deep:
            half = max(1, filters // 2)
            convs = [(half, 3, 2), (half, 3, 1), (filters, 3, 1)]
        else:
            convs = [(filters, 7, 2)]
        self.convs = [Conv(*conv, name=f"conv{n}") for n, conv in enumerate(convs, start=1)]
        self.norms = [BatchNorm(name=f"bn{n}", **norm) for n in range(1, len(convs) + 1)]
        self.pool = keras.layers.MaxPool2D(3, 2, padding="same", name="pool")

    def call(self, images: tf.Tensor, training: bool = False) -> dict[str, tf.Tensor]:
        hidden = images
        for conv, norm in zip(self.convs, self.norms):
            initial_conv = conv(hidden)
            hidden = tf.nn.relu(norm(initial_conv, training=training))
        pooled = hidden if self.small_images else self.pool(hidden)
        return {"initial_conv": initial_conv, "initial_max_pool": pooled}


class BlockGroup(keras.layers.Layer):
    """Residual blocks of one width; the first may stride and has a projection shortcut."""

    def __init__(
        self,
        block: "type[ResidualBlock]",
        blocks: int,
        *,
        filters: int,
        strides: int,
        ratios: dict[str, float],
        norm: dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.blocks = [
            block(
                filters,
                strides if number == 0 else 1,
                project=number == 0,
                norm=norm,
                name=f"block{number}",
                **ratios,
            )
            for number in range(blocks)
        ]

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        for block in self.blocks:
            inputs = block(inputs, training=training)
        return inputs


class ResidualBlock(keras.layers.Layer):
    """relu(shortcut(x) + main_branch(x)); the main branch's last norm starts at gamma 0."""

    def __init__(
        self,
        filters: int,
        strides: int,
        *,
        project: bool,
        sk_ratio: float,
        se_ratio: float,
        norm: dict,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.shortcut = None
        if project:
            outputs = filters * self.expansion
            self.shortcut = Shortcut(outputs, strides, sk_ratio > 0, norm, name="shortcut")
        self.add_main_branch(filters, strides, sk_ratio, norm)
        self.se = None
        if se_ratio > 0:
            self.se = SqueezeExcite(max(1, int(filters * se_ratio)), name="se")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        shortcut = inputs
        if self.shortcut is not None:
            shortcut = self.shortcut(inputs, training=training)
        hidden = self.main_branch(inputs, training)
        if self.se is not None:
            hidden = self.se(hidden)
        return tf.nn.relu(hidden + shortcut)


class BasicBlock(ResidualBlock):
    """Two 3x3 convolutions: depth 18 and 34."""

    expansion = 1

    def add_main_branch(self, filters: int, strides: int, sk_ratio: float, norm: dict) -> None:
        """Two convolutions of `filters` channels with norms; the first has stride `strides`."""
        del sk_ratio  # Only bottlenecks have selective kernels.
        self.conv1 = Conv(filters, 3, strides, name="conv1")
        self.bn1 = BatchNorm(name="bn1", **norm)
        self.conv2 = Conv(filters, 3, name="conv2")
        self.bn2 = BatchNorm(name="bn2", gamma_initializer="zeros", **norm)

    def main_branch(self, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """[batch, h, w, c] -> [batch, h / strides, w / strides, filters], before the ReLU."""
        hidden = tf.nn.relu(self.bn1(self.conv1(inputs), training=training))
        return self.bn2(self.conv2(hidden), training=training)


class Bottleneck(ResidualBlock):
    """1x1, 3x3 (or selective kernel), 1x1 to four times the width: depth 50 and above."""

    expansion = 4

    def add_main_branch(self, filters: int, strides: int, sk_ratio: float, norm: dict) -> None:
        """Three convolutions with their norms; the second one strides, or is a selective kernel."""
        self.conv1 = Conv(filters, 1, name="conv1")
        self.bn1 = BatchNorm(name="bn1", **norm)
        self.sk = None
        if sk_ratio > 0:
            self.sk = SelectiveKernel(filters, strides, sk_ratio, norm, name="sk")
        else:
            self.conv2 = Conv(filters, 3, strides, name="conv2")
            self.bn2 = BatchNorm(name="bn2", **norm)
        self.conv3 = Conv(filters * self.expansion, 1, name="conv3")
        self.bn3 = BatchNorm(name="bn3", gamma_initializer="zeros", **norm)

    def main_branch(self, inputs: tf.Tensor, training: bool) -> tf.Tensor:
        """[batch, h, w, c] -> [batch, h / strides, w / strides, 4 * filters], before the ReLU."""
        hidden = tf.nn.relu(self.bn1(self.conv1(inputs), training=training))
        if self.sk is not None:
            hidden = self.sk(hidden, training=training)
        else:
            hidden = tf.nn.relu(self.bn2(self.conv2(hidden), training=training))
        return self.bn3(self.conv3(hidden), training=training)


class Shortcut(keras.layers.Layer):
    """1x1 convolution and norm; in ResNet-D an average pool has the stride."""

    def __init__(self, filters: int, strides: int, average_pool: bool, norm: dict, **kwargs: Any):
        super().__init__(**kwargs)
        self.strides = strides
        self.pool = None
        if average_pool:
            padding = "same" if strides == 1 else "valid"
            self.pool = keras.layers.AveragePooling2D(2, strides, padding=padding, name="pool")
            strides = 1
        self.conv = Conv(filters, 1, strides, name="conv")
        self.bn = BatchNorm(name="bn", **norm)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        if self.pool is not None:
            if self.strides > 1:
                inputs = fixed_padding(inputs, 2)
            inputs = self.pool(inputs)
        return self.bn(self.conv(inputs), training=training)
