"""Cross entropy with labels, some of which may be missing, and the L2 penalty."""

from collections.abc import Sequence

import tensorflow as tf


def softmax_cross_entropy(logits: tf.Tensor, one_hot: tf.Tensor) -> tf.Tensor:
    """Mean over the batch of -sum(one_hot * log softmax(logits)).

    Args:
      logits: [batch, classes], float; half precision is computed in float32.
      one_hot: [batch, classes]; a row of zeros is an example without a label and adds nothing.

    Returns:
      Scalar; divided by the size of the whole batch, so that replicas need no communication.
    """
    if logits.dtype in (tf.float16, tf.bfloat16):
        logits = tf.cast(logits, tf.float32)
    one_hot = tf.cast(one_hot, logits.dtype)
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=one_hot, logits=logits)  # [batch]
    # Differs from the original: a row without a class adds nothing.
    # The op's gradient, softmax - one_hot, is only right for rows of sum 1: at zeros it is not 0.
    return tf.reduce_mean(is_labelled(one_hot) * losses)


def is_labelled(one_hot: tf.Tensor) -> tf.Tensor:
    """Float [batch]: 1 where the row of `one_hot` [batch, classes] has a class, else 0."""
    return tf.cast(tf.reduce_max(one_hot, axis=-1) > 0, one_hot.dtype)


def top_k_hits(logits: tf.Tensor, one_hot: tf.Tensor, k: int) -> tf.Tensor:
    """Float32 [batch]: 1 where the class is among the `k` largest logits, 0 elsewhere.

    Of equal logits, that of the lower class counts as larger, as in argmax. So a classifier with
    constant logits is at chance. With tf.math.in_top_k, which accepts all of a tie, it would always
    be right.

    Args:
      logits: [batch, classes].
      one_hot: [batch, classes].
      k: >= 1; with fewer classes than k every row is a hit.
    """
    classes = tf.argmax(one_hot, axis=-1, output_type=tf.int32)
    best = tf.math.top_k(logits, min(k, logits.shape[-1])).indices  # [batch, k]
    return tf.cast(tf.reduce_any(best == classes[:, tf.newaxis], axis=-1), tf.float32)


def l2_penalty(variables: Sequence[tf.Variable], weight_decay: float) -> tf.Tensor:
    """weight_decay * sum over the variables of sum(w ** 2) / 2: a scalar, 0 for no variables."""
    if not variables or not weight_decay:
        return tf.constant(0.0)
    return weight_decay * tf.add_n([tf.nn.l2_loss(variable) for variable in variables])
