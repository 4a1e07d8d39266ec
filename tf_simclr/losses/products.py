"""Matrix products for losses, in full float32 precision on a TPU, too.

By default, a TPU multiplies float32 matrices and convolutions in one pass of bfloat16, whose
mantissa has 8 bits. The gradient of a contrastive loss is a difference of rows that training brings
close together. One pass changes it by .2 % for unrelated views, by 4 % for well-aligned ones, and
by 14 % if all projections are nearly the same; six passes are as good as float32
(benchmarks/precision.py). Sums, norms, exponentials and softmaxes are computed in float32 anyway.

TensorFlow has a switch for the whole program, `enable_tensor_float_32_execution(False)`. It makes
convolutions cost six passes, which they do not need, and has no effect on a TPU that another
process compiles for. So each product of a loss asks for its own precision, by the operation that
JAX's programs use in TensorFlow.
"""

import tensorflow as tf

from tf_simclr import replicas


def product(left: tf.Tensor, right: tf.Tensor, *, transpose_right: bool = False) -> tf.Tensor:
    """The product of two matrices, in the precision of their dtype on every device but some GPUs.

    On a TPU it is `exact_product`, anywhere else tf.matmul, bit for bit. A GPU may round the
    factors to TensorFloat-32 (docs/gpu.md).

    Args:
      left: [n, k], float.
      right: [k, m] of the same dtype; [m, k] if `transpose_right`.
      transpose_right: whether `right` is transposed first.

    Returns:
      [n, m], of that dtype; its gradient is computed by such products, too.
    """
    if not replicas.on_tpu():
        return tf.matmul(left, right, transpose_b=transpose_right)
    return exact_product(left, right if transpose_right else tf.transpose(right))


@tf.custom_gradient
def exact_product(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The products of all rows of two matrices, by XLA in its highest precision.

    For float32 a TPU takes six passes: it splits each operand into a sum of three bfloat16 values,
    and leaves out the three smallest of the nine products.

    Args:
      left: [n, k], float.
      right: [m, k], of the same dtype.

    Returns:
      [n, m], of that dtype. Only XLA can compute it.
    """
    # Imported here, as some of TensorFlow's wheels are for systems without TPUs.
    from tensorflow.compiler.tf2xla.python import xla

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return (
            exact_product(upstream, tf.transpose(right)),
            exact_product(tf.transpose(upstream), tf.transpose(left)),
        )

    axes = xla.DotDimensionNumbers(lhs_contracting_dimensions=[1], rhs_contracting_dimensions=[1])
    precision = xla.PrecisionConfig(operand_precision=[xla.PrecisionConfig.HIGHEST] * 2)
    return xla.dot_general(left, right, axes, precision, left.dtype), gradient
