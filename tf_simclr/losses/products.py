"""Products of matrices in a loss: those of float32 keep all its bits on a TPU, too.

A TPU multiplies float32 matrices, as it does convolutions, in one pass of bfloat16, whose mantissa
has 8 bits, unless a product asks for more. The gradient of a contrastive loss is a difference of
rows that training brings close to each other: one pass moves it by .2 % where views have nothing in
common yet, by 4 % where they are well aligned, and by 14 % where all projections are nearly the
same; six are as good as float32 (benchmarks/precision.py). Sums, norms, exponentials and softmaxes
are no products of matrices: they are computed in float32 as they are.

TensorFlow has a switch for the whole program, `enable_tensor_float_32_execution(False)`. It makes
the convolutions, which do without, cost six passes, and does not reach a TPU that another process
compiles for. So each product of a loss asks for itself, by the operation that JAX's programs use
in TensorFlow.
"""

import tensorflow as tf

from tf_simclr import replicas


def product(left: tf.Tensor, right: tf.Tensor, *, transpose_right: bool = False) -> tf.Tensor:
    """The product of two matrices, in the precision of their dtype on every device but some GPUs.

    On a TPU it is that of `exact_product`, anywhere else tf.matmul, bit for bit; a GPU may round
    what that multiplies to TensorFloat-32 (docs/gpu.md).

    Args:
      left: [n, k], float.
      right: [k, m] of the same dtype; [m, k] if `transpose_right`.
      transpose_right: whether the rows of both are multiplied.

    Returns:
      [n, m], of that dtype; with a gradient, which is made of such products.
    """
    if not replicas.on_tpu():
        return tf.matmul(left, right, transpose_b=transpose_right)
    return exact_product(left, right if transpose_right else tf.transpose(right))


@tf.custom_gradient
def exact_product(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """The products of all rows of two matrices by XLA, which is asked for its highest precision.

    For float32 a TPU takes six passes: each operand is the sum of three of bfloat16, and of their
    nine products the three smallest are left out.

    Args:
      left: [n, k], float.
      right: [m, k], of the same dtype.

    Returns:
      [n, m], of that dtype. Only XLA can compute it.
    """
    # Here, as there are no TPUs on all systems that TensorFlow has wheels for.
    from tensorflow.compiler.tf2xla.python import xla

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return (
            exact_product(upstream, tf.transpose(right)),
            exact_product(tf.transpose(upstream), tf.transpose(left)),
        )

    axes = xla.DotDimensionNumbers(lhs_contracting_dimensions=[1], rhs_contracting_dimensions=[1])
    precision = xla.PrecisionConfig(operand_precision=[xla.PrecisionConfig.HIGHEST] * 2)
    return xla.dot_general(left, right, axes, precision, left.dtype), gradient
