"""The softmax of rows over tiles that come one after another, and the metrics that it gives.

A running log-sum-exp: arXiv 1805.02867, section 3.
"""

from typing import NamedTuple

import tensorflow as tf

from tf_simclr.losses.pairs import SELF_SIMILARITY_MASK


class RunningSoftmax(NamedTuple):
    """The softmax of rows over the negatives of all tiles so far.

    The first `block` rows are first views, and the last view of the keys is the second one: these
    are called ab here.
    """

    maximum: tf.Tensor  # [rows, views] largest logit, by view of the keys
    total: tf.Tensor  # [rows, views] sum of exp(logit - maximum)
    weighted: tf.Tensor  # [block] sum of exp(logit - maximum) * (logit - maximum), in ab
    argmax: tf.Tensor  # int [block] image of the largest logit in ab, the first of equals
    positive: tf.Tensor  # [rows] logit of the positive; 0 until its tile is added


def start(rows: int, views: int, block: int, dtype: tf.DType) -> RunningSoftmax:
    """The state before the first tile.

    Args:
      rows: that ask, >= block.
      views: of an image among the keys, 1 or 2.
      block: how many of the rows are first views; they come first.
      dtype: of the logits.
    """
    return RunningSoftmax(
        maximum=tf.fill([rows, views], tf.constant(SELF_SIMILARITY_MASK, dtype)),
        total=tf.zeros([rows, views], dtype),
        weighted=tf.zeros([block], dtype),
        argmax=tf.zeros([block], tf.int32),
        positive=tf.zeros([rows], dtype),
    )


def add_tile(
    running: RunningSoftmax, negatives: tf.Tensor, positive: tf.Tensor, first: tf.Tensor
) -> RunningSoftmax:
    """The state after one more tile.

    Args:
      running: the state so far.
      negatives: [rows, views * keys] logits, all keys of a view side by side; -1e9 is no negative.
      positive: [rows] logits of the positives, 0 if they are in another tile.
      first: number of the tile's first key among all images, a scalar int.
    """
    rows, views = running.maximum.shape
    by_view = tf.reshape(negatives, [rows, views, negatives.shape[1] // views])
    maximum = tf.maximum(running.maximum, tf.reduce_max(by_view, axis=2))
    below = by_view - maximum[..., tf.newaxis]
    exps = tf.exp(below)
    shift = running.maximum - maximum
    rescale = tf.exp(shift)  # [rows, views]: sums so far are relative to the old maximum.
    ab = (slice(None, running.argmax.shape[0]), -1)
    return RunningSoftmax(
        maximum=maximum,
        total=running.total * rescale + tf.reduce_sum(exps, axis=2),
        weighted=(running.weighted + running.total[ab] * shift[ab]) * rescale[ab]
        + tf.reduce_sum(exps[ab] * below[ab], axis=1),
        argmax=tf.where(
            maximum[ab] > running.maximum[ab],
            first + tf.argmax(by_view[ab], axis=1, output_type=tf.int32),
            running.argmax,
        ),
        positive=running.positive + positive,
    )


def log_sum_exp(running: RunningSoftmax) -> tf.Tensor:
    """Of the negatives of both views: [rows]."""
    return tf.reduce_logsumexp(running.maximum + tf.math.log(running.total), axis=1)


def hits_and_entropies(running: RunningSoftmax, image: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How well first views find their own second view among all second views.

    Args:
      running: the state after the last tile.
      image: int [block], numbers of the images that ask, as `add_tile` counts them.

    Returns:
      [block] 1 where the positive is the largest logit, else 0; [block] entropy of the softmax over
      all second views, the positive among them, in nats.
    """
    ab = (slice(None, running.argmax.shape[0]), -1)
    positive, negative = running.positive[: running.argmax.shape[0]], running.maximum[ab]
    hit = (positive > negative) | ((positive == negative) & (image < running.argmax))
    maximum = tf.maximum(negative, positive)
    shift, below = negative - maximum, positive - maximum
    total = running.total[ab] * tf.exp(shift) + tf.exp(below)
    weighted = (running.weighted + running.total[ab] * shift) * tf.exp(shift)
    weighted += tf.exp(below) * below
    # Differs from the original: its entropy uses log(p + 1e-8), which needs p itself.
    return tf.cast(hit, positive.dtype), tf.math.log(total) - weighted / total
