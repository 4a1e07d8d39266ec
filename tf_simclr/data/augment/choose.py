"""Selects one of several outcomes for each picture of a batch.

For many pictures all outcomes are computed and then selected from, which suits accelerators; for a
single picture only the selected one is computed.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

Tensors = tuple[tf.Tensor, ...]
Outcome = Callable[[], Tensors]


def among(outcomes: Sequence[Outcome], index: tf.Tensor) -> Tensors:
    """Outcome number index[i] for picture i.

    Args:
      outcomes: each returns the same number of tensors [batch, ...], of the same shapes.
      index: int32 [batch], 0 <= index < len(outcomes); its size must be static.

    Raises:
      ValueError: for an index of unknown size.
    """
    if index.shape[0] is None:
        raise ValueError("`index` must have a static size. Received: index.shape=[None].")
    if index.shape[0] == 1:
        return tuple(tf.switch_case(index[0], list(outcomes)))
    chosen, *others = (outcome() for outcome in outcomes)
    for number, other in enumerate(others, start=1):
        chosen = tuple(_select(index == number, new, old) for new, old in zip(other, chosen))
    return chosen


def where(condition: tf.Tensor, yes: Outcome, no: Outcome) -> Tensors:
    """`yes` for the pictures whose condition, bool [batch], is true, and `no` for the others."""
    return among([no, yes], tf.cast(condition, tf.int32))


def _select(condition: tf.Tensor, yes: tf.Tensor, no: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.reshape(condition, [-1] + [1] * (yes.shape.rank - 1)), yes, no)
