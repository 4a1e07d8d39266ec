"""The kernel's gradient of a convolution as matrix products, which CPUs prefer for small maps.

    dL/dK[i, j] = sum over pictures and places (y, x) of X[y s + i, x s + j]^T dL/dY[y, x]

for the padded input X, the output Y and strides s: one product for each of the kernel's places,
over all pictures at once. oneDNN's gradient in bfloat16 takes several times as long where maps are
of a few pixels, and less time where they are large (benchmarks/README.md, "Small maps").
"""

from collections.abc import Callable

import tensorflow as tf

from tf_simclr import replicas

LARGEST = 6  # pixels: the longer side of an output whose kernel's gradient is made of products


def pays(dtype: tf.DType, rows: int | None, columns: int | None) -> bool:
    """Whether this gradient takes less time than TensorFlow's: in bfloat16, on CPUs, of small maps.

    Args:
      dtype: of the convolution's inputs.
      rows: height of its output in pixels; None if unknown.
      columns: width, likewise.
    """
    if dtype != tf.bfloat16 or rows is None or columns is None:
        return False
    return max(rows, columns) <= LARGEST and replicas.on_cpu()


def convolution(inputs: tf.Tensor, kernel: tf.Tensor, strides: int) -> tf.Tensor:
    """A convolution of padded pictures, as tf.nn.conv2d with "VALID", with this gradient.

    Args:
      inputs: float [batch, height, width, channels]; the last three are static.
      kernel: of the same dtype, [side, side, channels, filters].
      strides: in pixels, the same on both axes.

    Returns:
      [batch, (height - side) // strides + 1, likewise, filters], of the same dtype.
    """

    @tf.custom_gradient
    def convolved(
        inputs: tf.Tensor, kernel: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            of_inputs = tf.raw_ops.Conv2DBackpropInput(
                input_sizes=tf.shape(inputs),
                filter=kernel,
                out_backprop=upstream,
                strides=[1, strides, strides, 1],
                padding="VALID",
            )
            return of_inputs, kernel_gradient(inputs, upstream, kernel.shape[0], strides)

        return tf.nn.conv2d(inputs, kernel, strides, "VALID"), gradient

    return convolved(inputs, kernel)


def kernel_gradient(inputs: tf.Tensor, upstream: tf.Tensor, side: int, strides: int) -> tf.Tensor:
    """The gradient of a loss with respect to the kernel of a convolution.

    Args:
      inputs: float [batch, height, width, channels], padded; the last three are static.
      upstream: of the same dtype, the loss's gradient with respect to the output [batch, rows,
        columns, filters]; the last three are static.
      side: of the kernel, in pixels.
      strides: in pixels.

    Returns:
      [side, side, channels, filters], of the same dtype.
    """
    channels, (rows, columns, filters) = inputs.shape[-1], upstream.shape[1:]
    # Slices with a stride are slow. So places that are `strides` apart become neighbours: the
    # channels of one place are now those of strides x strides old ones.
    if strides > 1:
        more = [[0, -length % strides] for length in inputs.shape[1:3]]
        inputs = tf.nn.space_to_depth(tf.pad(inputs, [[0, 0], *more, [0, 0]]), strides)
    upstream = tf.reshape(upstream, [-1, filters])
    steps = [divmod(place, strides) for place in range(side)]  # (of strides, pixels more)
    parts = []
    for down, i in steps:
        for right, j in steps:
            first = (i * strides + j) * channels
            seen = inputs[:, down : down + rows, right : right + columns, first : first + channels]
            parts.append(tf.matmul(tf.reshape(seen, [-1, channels]), upstream, transpose_a=True))
    return tf.reshape(tf.stack(parts), [side, side, channels, filters])
