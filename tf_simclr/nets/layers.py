"""The layers that ResNet and the heads are built of: batch norm, convolution, channel attention."""

from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr import replicas
from tf_simclr.nets import kernel_gradient
from tf_simclr.nets.saved import PACKAGE, attributes

EPSILON = 1e-5  # of every batch norm, as in the original
MOMENTUM = 0.9  # of its moving averages: with Keras' .99 they are stale in short runs


@keras.saving.register_keras_serializable(PACKAGE)
class BatchNorm(keras.layers.Layer):
    """Batch normalisation over all axes but the last, optionally over all replicas (1502.03167).

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta
        moving = momentum * moving + (1 - momentum) * batch          (population variance)

    A frozen layer, whose `trainable` is False, normalises with its moving averages and does not
    change them, whatever `training` says. If the attribute `trains_when_frozen` is set, only gamma
    and beta are frozen.

    Args:
      momentum: of the moving averages, 0 <= momentum < 1.
      center: whether there is a beta.
      scale: whether there is a gamma.
      gamma_initializer: "ones" or "zeros" (the last norm of a residual block starts at 0).
      synchronized: whether statistics are those of the whole batch over all replicas (`global_bn`)
        or of this replica's part only.
    """

    def __init__(
        self,
        *,
        momentum: float = MOMENTUM,
        center: bool = True,
        scale: bool = True,
        gamma_initializer: str = "ones",
        synchronized: bool = True,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.momentum = momentum
        self.center = center
        self.scale = scale
        self.gamma_initializer = gamma_initializer
        self.synchronized = synchronized
        self.trains_when_frozen = False

    def build(self, input_shape: tf.TensorShape) -> None:
        shape = [input_shape[-1]]
        # Statistics stay in the variables' precision when the layer computes in half precision.
        kept = {"shape": shape, "dtype": self.variable_dtype, "experimental_autocast": False}
        gamma = {"initializer": self.gamma_initializer, **kept}
        self.gamma = self.add_weight("gamma", **gamma) if self.scale else None
        self.beta = self.add_weight("beta", initializer="zeros", **kept) if self.center else None
        kept |= {
            "trainable": False,
            "synchronization": tf.VariableSynchronization.ON_READ,
            "aggregation": tf.VariableAggregation.MEAN,
        }
        self.moving_mean = self.add_weight("moving_mean", initializer="zeros", **kept)
        self.moving_variance = self.add_weight("moving_variance", initializer="ones", **kept)
        super().build(input_shape)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        # Differs from the original: there the norms of frozen blocks are still updated.
        if not (training and (self.trainable or self.trains_when_frozen)):
            return self._normalize(inputs, self.moving_mean, self.moving_variance)
        across = self.synchronized and replicas.count() > 1
        if inputs.shape.rank == 4 and inputs.dtype != tf.float64 and not across:
            outputs, mean, variance = self._fused(inputs)
        else:
            mean, variance = self._moments(inputs, across)
            outputs = self._normalize(inputs, mean, variance)
        self._update(self.moving_mean, mean)
        self._update(self.moving_variance, variance)
        return outputs

    def _factor(self) -> tf.Tensor:
        if self.gamma is not None:
            return self.gamma
        return tf.ones(self.moving_variance.shape, self.variable_dtype)

    def _offset(self) -> tf.Tensor:
        if self.beta is not None:
            return self.beta
        return tf.zeros(self.moving_mean.shape, self.variable_dtype)

    def _fused(self, inputs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs, self._factor(), self._offset(), epsilon=EPSILON, is_training=True
        )
        # The fused op reports the sample variance, n / (n - 1) times the population's.
        n = tf.cast(tf.size(inputs) / tf.size(mean), variance.dtype)
        return outputs, mean, variance * (n - 1) / n

    def _moments(self, inputs: tf.Tensor, across: bool) -> tuple[tf.Tensor, tf.Tensor]:
        inputs = tf.cast(inputs, self.variable_dtype)
        mean, variance = tf.nn.moments(inputs, list(range(inputs.shape.rank - 1)))
        if across:
            square = variance + tf.square(mean)
            mean, square = tf.unstack(replicas.mean(tf.stack([mean, square])))
            # Rounding can make the difference negative if the mean is large and the variance is 0.
            variance = tf.maximum(square - tf.square(mean), 0)
        return mean, variance

    def _normalize(self, inputs: tf.Tensor, mean: tf.Tensor, variance: tf.Tensor) -> tf.Tensor:
        scale = self._factor() * tf.math.rsqrt(variance + EPSILON)
        shift = self._offset() - mean * scale
        outputs = tf.cast(inputs, self.variable_dtype) * scale + shift
        return tf.cast(outputs, self.compute_dtype)

    def _update(self, moving: tf.Variable, batch: tf.Tensor) -> None:
        batch = tf.cast(tf.stop_gradient(batch), moving.dtype)
        moving.assign_sub((moving - batch) * (1.0 - self.momentum))

    def get_config(self) -> dict[str, Any]:
        learned = attributes(self, "center", "scale", "gamma_initializer")
        return super().get_config() | learned | attributes(self, "momentum", "synchronized")


def fixed_padding(images: tf.Tensor, kernel_size: int) -> tf.Tensor:
    """Pads [batch, height, width, channels] as a 'same' convolution of stride 1 would.

    This padding depends only on the kernel, so strided convolutions see the same pixels at every
    input size. TensorFlow's own 'same' shifts by one between even and odd sizes.

    Args:
      images: float.
      kernel_size: k; (k - 1) // 2 zeros go before, the rest of k - 1 after.
    """
    before = (kernel_size - 1) // 2
    after = kernel_size - 1 - before
    return tf.pad(images, [[0, 0], [before, after], [before, after], [0, 0]])


@keras.saving.register_keras_serializable(PACKAGE)
class Conv(keras.layers.Conv2D):
    """Convolution without bias; explicit symmetric padding where it is strided.

    Args:
      filters: output channels.
      kernel_size: side of the kernel in pixels, odd.
      strides: step in pixels.
    """

    def __init__(self, filters: int, kernel_size: int, strides: int = 1, **kwargs: Any):
        options = {
            "padding": "same" if strides == 1 else "valid",
            "use_bias": False,
            "kernel_initializer": keras.initializers.VarianceScaling(),
        }
        super().__init__(filters, kernel_size, strides=strides, **(options | kwargs))

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        if self.strides[0] > 1:
            inputs = fixed_padding(inputs, self.kernel_size[0])
        return super().call(inputs)

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """The convolution, whose kernel's gradient may be made of matrix products.

        Args:
          inputs: float [batch, height, width, channels]; padded already if it is strided.
          kernel: [side, side, channels, filters].

        Returns:
          [batch, rows, columns, filters], of the same dtype.
        """
        if not kernel_gradient.pays(inputs.dtype, *self.compute_output_shape(inputs.shape)[1:3]):
            return super().convolution_op(inputs, kernel)
        if self.padding == "same":
            inputs = fixed_padding(inputs, self.kernel_size[0])
        return kernel_gradient.convolution(inputs, tf.convert_to_tensor(kernel), self.strides[0])


@keras.saving.register_keras_serializable(PACKAGE)
class SqueezeExcite(keras.layers.Layer):
    """Squeeze-and-excitation: weights channels by their pooled values (arXiv 1709.01507).

    Args:
      squeezed: channels between the two 1x1 convolutions.
    """

    def __init__(self, squeezed: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.squeezed = squeezed

    def build(self, input_shape: tf.TensorShape) -> None:
        self.reduce = Conv(self.squeezed, 1, use_bias=True, name="reduce")
        self.expand = Conv(input_shape[-1], 1, use_bias=True, name="expand")
        super().build(input_shape)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        pooled = tf.reduce_mean(inputs, [1, 2], keepdims=True)  # [batch, 1, 1, channels]
        return inputs * tf.sigmoid(self.expand(tf.nn.relu(self.reduce(pooled))))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "squeezed")


@keras.saving.register_keras_serializable(PACKAGE)
class SelectiveKernel(keras.layers.Layer):
    """Two 3x3 streams mixed channel by channel (arXiv 1903.06586, as SimCLRv2 uses it).

    Args:
      filters: channels of each stream and of the output.
      strides: of the convolution, in pixels.
      ratio: width of the mixing layer as a share of `filters`, at least MIN_MIXING channels.
      norm: keyword arguments of the batch norms.
    """

    MIN_MIXING = 32

    def __init__(self, filters: int, strides: int, ratio: float, norm: dict, **kwargs: Any):
        super().__init__(**kwargs)
        self.filters, self.strides, self.ratio, self.norm = filters, strides, ratio, norm
        self.conv = Conv(2 * filters, 3, strides, name="conv")
        self.bn = BatchNorm(name="bn", **norm)
        self.reduce_conv = Conv(max(int(filters * ratio), self.MIN_MIXING), 1, name="reduce_conv")
        self.reduce_bn = BatchNorm(name="reduce_bn", **norm)
        self.expand_conv = Conv(2 * filters, 1, name="expand_conv")

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        both = tf.nn.relu(self.bn(self.conv(inputs), training=training))
        streams = tf.stack(tf.split(both, 2, axis=-1))  # [2, batch, h, w, filters]
        pooled = tf.reduce_mean(tf.reduce_sum(streams, 0), [1, 2], keepdims=True)
        mixing = tf.nn.relu(self.reduce_bn(self.reduce_conv(pooled), training=training))
        # [2, batch, 1, 1, filters]
        mixing = tf.stack(tf.split(self.expand_conv(mixing), 2, axis=-1))
        return tf.reduce_sum(streams * tf.nn.softmax(mixing, axis=0), axis=0)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | attributes(self, "filters", "strides", "ratio", "norm")
