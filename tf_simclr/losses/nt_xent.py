"""NT-Xent, the normalised temperature-scaled cross entropy (arXiv 2002.05709, equation 1)."""

import tensorflow as tf

from tf_simclr import replicas

# Added to the logit of a view with itself: exp(-1e9) is 0 in float32, and the value is finite.
SELF_SIMILARITY_MASK = -1e9
ENTROPY_EPSILON = 1e-8


def nt_xent(
    hidden: tf.Tensor, *, temperature: float, hidden_norm: bool = True
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """The contrastive loss of two views of a batch, over the batches of all replicas.

    With rows a (first views) and b (second views), each row of a is classified among all rows of
    [b, a without itself], and each row of b among all rows of [a, b without itself]:

        logits of a_i:  [ a_i.b_1 ... a_i.b_N | a_i.a_1 ... -1e9 at i ... a_i.a_N ] / temperature
        target of a_i:    column i of the first block

    Args:
      hidden: [2 * local, dim] projections, float; rows 0..local-1 are the first views, the rest the
        second views of the same images. Half precision is computed in float32.
      temperature: divides the logits; > 0.
      hidden_norm: whether to l2-normalise the rows first, so that products are cosines.

    Returns:
      loss: scalar, the mean over this replica's images of the SUM of both directions: twice the
        paper's loss, as in the original code.
      logits_ab: [local, global] logits of first views against all second views.
      labels: [local, global] one-hot targets of logits_ab.
    """
    if hidden.dtype in (tf.float16, tf.bfloat16):
        hidden = tf.cast(hidden, tf.float32)
    if hidden_norm:
        hidden = tf.math.l2_normalize(hidden, axis=-1)
    a, b = tf.split(hidden, 2, axis=0)  # [local, dim] each
    # One gather of both views: [global, 2 * dim], row order is that of the global batch.
    all_a, all_b = tf.split(replicas.gather(tf.concat([a, b], axis=1)), 2, axis=1)

    local = tf.shape(a)[0]
    columns = tf.range(local) + replicas.index() * local
    labels = tf.one_hot(columns, tf.shape(all_a)[0], dtype=hidden.dtype)  # [local, global]
    mask = labels * SELF_SIMILARITY_MASK

    logits_aa = tf.matmul(a, all_a, transpose_b=True) / temperature + mask
    logits_bb = tf.matmul(b, all_b, transpose_b=True) / temperature + mask
    logits_ab = tf.matmul(a, all_b, transpose_b=True) / temperature
    logits_ba = tf.matmul(b, all_a, transpose_b=True) / temperature

    loss_a = _cross_entropy(columns, tf.concat([logits_ab, logits_aa], axis=1))
    loss_b = _cross_entropy(columns, tf.concat([logits_ba, logits_bb], axis=1))
    return tf.reduce_mean(loss_a + loss_b), logits_ab, labels


def _cross_entropy(targets: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=targets, logits=logits)


def contrastive_accuracy(logits_ab: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Share of first views whose most similar second view is their own: scalar in [0, 1].

    Args:
      logits_ab: [local, global], as nt_xent returns them.
      labels: [local, global] one-hot, as nt_xent returns them.
    """
    hits = tf.argmax(logits_ab, axis=1) == tf.argmax(labels, axis=1)
    return tf.reduce_mean(tf.cast(hits, logits_ab.dtype))


def contrastive_entropy(logits_ab: tf.Tensor) -> tf.Tensor:
    """Mean entropy in nats of softmax over the rows of logits_ab [local, global]: a scalar."""
    probabilities = tf.nn.softmax(logits_ab)
    terms = probabilities * tf.math.log(probabilities + ENTROPY_EPSILON)
    return -tf.reduce_mean(tf.reduce_sum(terms, axis=-1))
