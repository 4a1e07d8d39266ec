"""Learning from a teacher's predictions: arXiv 2006.10029, section 2, equations 2 and 3."""

from typing import NamedTuple

import tensorflow as tf

from tf_simclr.losses.supervised import softmax_cross_entropy


class MixedLoss(NamedTuple):
    """The loss of a batch and its two terms, scalars.

    Attributes:
      loss: (1 - alpha) * supervised + alpha * distilled.
      supervised: cross entropy of the labelled rows; None without labels.
      distilled: the distillation loss.
    """

    loss: tf.Tensor
    supervised: tf.Tensor | None
    distilled: tf.Tensor


def distillation_loss(
    logits: tf.Tensor, teacher_logits: tf.Tensor, *, temperature: float
) -> tf.Tensor:
    """Equation 2: mean over the batch of -sum_y P_teacher(y | x; t) log P_student(y | x; t).

        P(y | x; t) = exp(logits[y] / t) / sum_y' exp(logits[y'] / t)

    Like the paper's equation, it has no factor t ** 2. Hinton et al. (arXiv 1503.02531) multiply by
    it, so that the size of the gradient depends less on t.

    Args:
      logits: of the student, [batch, classes], float; half precision is computed in float32.
      teacher_logits: [batch, classes], float; they get no gradient.
      temperature: t, > 0.

    Returns:
      Scalar, of a replica's own batch.
    """
    if logits.dtype in (tf.float16, tf.bfloat16):
        logits = tf.cast(logits, tf.float32)
    # Cast first: half precision would overflow in the division by a small t.
    teacher_logits = tf.stop_gradient(tf.cast(teacher_logits, logits.dtype))
    teacher = tf.nn.softmax(teacher_logits / temperature)  # [batch, classes]
    losses = tf.nn.softmax_cross_entropy_with_logits(labels=teacher, logits=logits / temperature)
    return tf.reduce_mean(losses)


def mixed_loss(
    logits: tf.Tensor,
    teacher_logits: tf.Tensor,
    one_hot: tf.Tensor | None,
    *,
    temperature: float,
    alpha: float,
) -> MixedLoss:
    """Equation 3: (1 - alpha) * cross entropy of labelled pictures + alpha * equation 2 of all.

    Both terms are sums over rows, divided by the size of the whole batch. With few labels the first
    term is small, as in the paper, which sums over data sets of different sizes.

    Args:
      logits: of the student, [batch, classes], float.
      teacher_logits: [batch, classes], float.
      one_hot: [batch, classes], a row of zeros for no label; None without labels.
      temperature: of equation 2, > 0; the cross entropy has none.
      alpha: in [0, 1], the weight of the distillation loss.

    Raises:
      ValueError: if there are no labels and `alpha` is not 1.
    """
    distilled = distillation_loss(logits, teacher_logits, temperature=temperature)
    if one_hot is not None:
        supervised = softmax_cross_entropy(logits, one_hot)
        return MixedLoss((1 - alpha) * supervised + alpha * distilled, supervised, distilled)
    if alpha != 1:
        raise ValueError(
            f"`alpha` must be 1 where there are no labels. Received: alpha={alpha!r}. Give labels."
        )
    return MixedLoss(distilled, None, distilled)
