"""The logits of all pairs of rows, over all replicas, from which contrastive losses are computed.

arXiv 2002.05709, section 2.1.
"""

from typing import NamedTuple

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.products import product

# Added to the logit of a view with itself: exp(-1e9) is 0 in float32, and the value is finite.
SELF_SIMILARITY_MASK = -1e9


class Pairs(NamedTuple):
    """Logits of this replica's rows against all rows; those of a row with itself are masked.

    Attributes:
      targets: int [local], columns of the positives.
      labels: [local, global], the targets one-hot.
      logits_ab: [local, global] of first views against second views.
      from_a: [local, 2 * global] of first views against [b, a]; with a memory [local, 2 * global +
        places], against [b, a, memory].
      from_b: likewise, of second views against [a, b].
    """

    targets: tf.Tensor
    labels: tf.Tensor
    logits_ab: tf.Tensor
    from_a: tf.Tensor
    from_b: tf.Tensor

    @property
    def positives(self) -> tf.Tensor:
        """Logits [local] of the positives, summed over both directions."""
        return tf.gather(self.from_a + self.from_b, self.targets, axis=1, batch_dims=1)


def compare(
    hidden: tf.Tensor,
    *,
    temperature: float,
    hidden_norm: bool,
    memory: Memory | None = None,
    constant_keys: bool = False,
) -> Pairs:
    """The logits of all pairs of rows.

    Any loss computed from them has its whole gradient, on several replicas too.

    Args:
      hidden: [2 * local, dim] projections, as nt_xent takes them.
      temperature: divides the products; > 0.
      hidden_norm: whether to l2-normalise the rows first.
      memory: negatives from earlier batches; None is no memory.
      constant_keys: whether the gathered rows are constants. That saves communicating their
        gradient, which the loss must then add: see `as_keys`.
    """
    a, b = tf.split(compared_rows(hidden, hidden_norm), 2, axis=0)  # [local, dim] each
    gather = replicas.gather_constant if constant_keys else replicas.gather
    # One gather of both views: [global, 2 * dim], in the row order of the global batch.
    all_a, all_b = tf.split(gather(tf.concat([a, b], axis=1)), 2, axis=1)

    local = tf.shape(a)[0]
    targets = tf.range(local) + replicas.index() * local
    labels = tf.one_hot(targets, tf.shape(all_a)[0], dtype=a.dtype)  # [local, global]
    mask = labels * SELF_SIMILARITY_MASK

    logits_aa = product(a, all_a, transpose_right=True) / temperature + mask
    logits_bb = product(b, all_b, transpose_right=True) / temperature + mask
    logits_ab = product(a, all_b, transpose_right=True) / temperature
    logits_ba = product(b, all_a, transpose_right=True) / temperature

    from_a = tf.concat([logits_ab, logits_aa], axis=1)  # [local, 2 * global]
    from_b = tf.concat([logits_ba, logits_bb], axis=1)
    if memory is not None:
        from_a = tf.concat([from_a, remembered_logits(a, memory, temperature)], axis=1)
        from_b = tf.concat([from_b, remembered_logits(b, memory, temperature)], axis=1)
    return Pairs(targets, labels, logits_ab, from_a, from_b)


def remembered_logits(rows: tf.Tensor, memory: Memory, temperature: float) -> tf.Tensor:
    """Logits [n, places] of rows against a memory, -1e9 where it is empty.

    Args:
      rows: [n, dim] projections, as `compared_rows` gives them.
      memory: negatives from earlier batches.
      temperature: divides the products; > 0.
    """
    keys = tf.stop_gradient(memory.rows)
    logits = product(rows, keys, transpose_right=True) / temperature
    is_filled = tf.range(tf.shape(keys)[0]) < memory.filled
    return tf.where(is_filled, logits, tf.constant(SELF_SIMILARITY_MASK, logits.dtype))


def compared_rows(hidden: tf.Tensor, hidden_norm: bool) -> tf.Tensor:
    """`hidden` [2 * local, dim] in float32 at least, its rows l2-normalised if `hidden_norm`."""
    # Differs from the original: in float16 its mask is infinite.
    if hidden.dtype in (tf.float16, tf.bfloat16):
        hidden = tf.cast(hidden, tf.float32)
    return tf.math.l2_normalize(hidden, axis=-1) if hidden_norm else hidden


def as_keys(from_a: tf.Tensor, from_b: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
    """Zeros [local] that carry the gradient of these rows as keys of all queries, on all replicas.

    A row is a query in its own loss and a key in the losses of all other rows. With `constant_keys`
    the losses of this replica only give each row its gradient as a query. Adding these zeros to the
    losses gives it the gradient as a key. Query j, compared with key k, has

        d loss_j / d (q_j . k) = exp(q_j . k - log_sum_exp_j) - (1 if k is the target of j else 0)

    Products are symmetric: q_j . k is the logit of row k against row j, which this replica has. It
    only lacks log_sum_exp_j, one number for each query, which is gathered. The gradient of
    `replicas.gather` would instead sum a [global, 2 * dim] matrix over replicas. On TPUs that sends
    as much data as the gather did. Where a gather sends parts, it sends as many times as much as
    there are replicas.

    Args:
      from_a: [local, 2 * global] logits of a against [b, a], -1e9 if not in the denominator. Any
        columns after these are those of a memory, whose rows are keys but never queries.
      from_b: likewise, of b against [a, b].
      positives: [local] logits of the positives, summed over both directions.
    """
    normalisers = tf.stack([tf.reduce_logsumexp(rows, axis=1) for rows in (from_a, from_b)], axis=1)
    all_a, all_b = tf.unstack(replicas.gather_constant(normalisers), num=2, axis=1)  # [global] each
    queries = 2 * tf.shape(all_a)[0]
    # The queries are rows of b, then of a.
    a_as_keys = tf.exp(from_a[:, :queries] - tf.concat([all_b, all_a], axis=0))
    b_as_keys = tf.exp(from_b[:, :queries] - tf.concat([all_a, all_b], axis=0))
    terms = tf.reduce_sum(a_as_keys + b_as_keys, axis=1) - positives
    return terms - tf.stop_gradient(terms)
