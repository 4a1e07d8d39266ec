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
# Which rows of other images are negatives of a row: both views, or only the view that the row is
# not. For NT-Xent with "other", a first view must find its own among the second views, and a second
# view among the first ones. The rows of a memory are negatives of every row in either case.
NEGATIVES = ("both", "other")


class Pairs(NamedTuple):
    """Logits of this replica's rows against all rows; those of a row with itself are masked.

    Attributes:
      targets: int [local], columns of the positives.
      labels: [local, global], the targets one-hot.
      logits_ab: [local, global] of first views against second views.
      from_a: [local, 2 * global] of first views against [b, a]; with a memory [local, 2 * global +
        places], against [b, a, memory]. Without a, and global columns fewer, if only the other view
        counts.
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

    def without_positives(self, logits: tf.Tensor) -> tf.Tensor:
        """`from_a` or `from_b` with the positives masked, too: only negatives are left."""
        others = tf.shape(logits)[1] - tf.shape(self.labels)[1]
        return logits + tf.pad(self.labels, [[0, 0], [0, others]]) * SELF_SIMILARITY_MASK


def compare(
    hidden: tf.Tensor,
    *,
    temperature: float,
    hidden_norm: bool,
    memory: Memory | None = None,
    negatives: str = "both",
    constant_keys: bool = False,
) -> Pairs:
    """The logits of all pairs of rows.

    Any loss computed from them has its whole gradient, on several replicas too.

    Args:
      hidden: [2 * local, dim] projections, as nt_xent takes them.
      temperature: divides the products; > 0.
      hidden_norm: whether to l2-normalise the rows first.
      memory: negatives from earlier batches; None is no memory.
      negatives: "both" or "other": see NEGATIVES.
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
    logits_ab = product(a, all_b, transpose_right=True) / temperature
    logits_ba = product(b, all_a, transpose_right=True) / temperature

    from_a, from_b = logits_ab, logits_ba
    if count_of_views(negatives) == 2:
        mask = labels * SELF_SIMILARITY_MASK
        logits_aa = product(a, all_a, transpose_right=True) / temperature + mask
        logits_bb = product(b, all_b, transpose_right=True) / temperature + mask
        from_a = tf.concat([logits_ab, logits_aa], axis=1)  # [local, 2 * global]
        from_b = tf.concat([logits_ba, logits_bb], axis=1)
    if memory is not None:
        from_a = tf.concat([from_a, remembered_logits(a, memory, temperature)], axis=1)
        from_b = tf.concat([from_b, remembered_logits(b, memory, temperature)], axis=1)
    return Pairs(targets, labels, logits_ab, from_a, from_b)


def count_of_views(negatives: str) -> int:
    """How many views of another image are negatives of a row.

    Args:
      negatives: one of NEGATIVES.

    Raises:
      ValueError: if it is none of them.
    """
    if negatives not in NEGATIVES:
        raise ValueError(f"`negatives` must be one of {NEGATIVES}. Received: {negatives=}.")
    return 2 if negatives == "both" else 1


def nearest_below(logits: tf.Tensor, positives: tf.Tensor) -> tf.Tensor:
    """For each row the largest logit below its positive's, [rows]; -1e9 if there is none.

    Args:
      logits: [rows, columns] of negatives, -1e9 where there is none.
      positives: [rows], logits of the positives.
    """
    mask = tf.constant(SELF_SIMILARITY_MASK, logits.dtype)
    return tf.reduce_max(tf.where(logits < positives[:, tf.newaxis], logits, mask), axis=1)


def count_of_negatives(
    images: int | tf.Tensor, negatives: str, memory: Memory | None = None
) -> tf.Tensor:
    """How many negatives a row has: a scalar int, at least 1 to divide by.

    Args:
      images: of the batch of all replicas.
      negatives: one of NEGATIVES.
      memory: negatives from earlier batches; None is no memory.
    """
    remembered = 0 if memory is None else memory.filled
    return tf.maximum(count_of_views(negatives) * (images - 1) + remembered, 1)


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


def as_keys(
    from_a: tf.Tensor, from_b: tf.Tensor, positives: tf.Tensor, negatives: str = "both"
) -> tf.Tensor:
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
      negatives: as `compare` took it; with "other", from_a and from_b have no second block.
    """
    views = count_of_views(negatives)
    normalisers = tf.stack([tf.reduce_logsumexp(rows, axis=1) for rows in (from_a, from_b)], axis=1)
    all_a, all_b = tf.unstack(replicas.gather_constant(normalisers), num=2, axis=1)  # [global] each
    queries = views * tf.shape(all_a)[0]
    # The queries are rows of b, then of a.
    a_as_keys = tf.exp(from_a[:, :queries] - tf.concat([all_b, all_a][:views], axis=0))
    b_as_keys = tf.exp(from_b[:, :queries] - tf.concat([all_a, all_b][:views], axis=0))
    terms = tf.reduce_sum(a_as_keys + b_as_keys, axis=1) - positives
    return terms - tf.stop_gradient(terms)
