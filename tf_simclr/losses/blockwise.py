"""NT-Xent and DCL in memory linear in the batch: the matrix of all pairs is never whole.

arXiv 2002.05709, equation 1, and arXiv 2110.06848, section 3, by a running log-sum-exp (arXiv
1805.02867, section 3). What the backward pass needs of the matrix it computes again.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import SELF_SIMILARITY_MASK
from tf_simclr.losses.products import product
from tf_simclr.losses.tiles import RememberedTiles, Tiles, gather_views

# Images in a block of a large batch: a tile is 4 MB in float32. Smaller tiles cost calls, larger
# ones leave caches.
BLOCK = 512


class _Seen(NamedTuple):
    """What a block of queries remembers of the negatives it has met."""

    highest: tf.Tensor  # [2 * block, 2] largest logit, by view of the keys
    total: tf.Tensor  # [2 * block, 2] sum of exp(logit - highest)
    spread: tf.Tensor  # [block] sum of exp(logit - highest) * (logit - highest), in ab
    best: tf.Tensor  # int [block] image of the largest logit in ab, of equals the first
    positive: tf.Tensor  # [2 * block] logit of the positive; 0 until it is met


class _Found(NamedTuple):
    """What is kept of them all."""

    normaliser: tf.Tensor  # [2 * block] log of the denominator
    positive: tf.Tensor  # [2 * block] logit of the positive
    hit: tf.Tensor  # [block] 1 where the positive is the largest logit of ab
    entropy: tf.Tensor  # [block] of softmax over ab


def blockwise_loss(
    rows: tf.Tensor,
    *,
    temperature: float,
    decoupled: bool,
    block: int = BLOCK,
    memory: Memory | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """NT-Xent or DCL of two views of a batch, over the batches of all replicas, with its metrics.

    With s_ij the product of rows i and j over the temperature, i' the positive of i, and l_i the
    log-sum-exp of s_ij over the keys j in the denominator of i:

        loss of i                  =  l_i - s_ii'
        d sum of losses / d z_i    =  (sum_j (exp(s_ij - l_i) + exp(s_ij - l_j)) z_j - 2 z_i')
                                      / temperature

    The second is what i says as a query and, products being symmetric, what all rows say of i as
    their key. So replicas gather rows and normalisers l, and no gradient crosses them. A row m
    of a memory is one more key of every i, and asks nothing: it adds exp(s_im - l_i) z_m.

    Args:
      rows: [2, local, dim] first and second views, float32 or float64, compared as they are. Every
        replica must have as many.
      temperature: divides the products; > 0.
      decoupled: whether positives leave the denominators (DCL).
      block: images in a block of queries, at the most; >= 1. Blocks of keys are as much larger as
        those are smaller. Memory is that of (local + global) * dim, and of block ** 2.
      memory: negatives of former batches, in tiles no larger than the others; None is no memory.

    Returns:
      Scalars loss, accuracy and entropy as in `ContrastiveLoss`; only the loss has a gradient.
    """

    @tf.custom_gradient
    def loss_of(rows: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], Callable]:
        tiles = Tiles(rows, temperature=temperature, block=block)
        queries, keys = tiles.queries, tiles.keys
        remembered = None
        if memory is not None:
            width = 2 * tiles.most_keys
            remembered = RememberedTiles(memory, temperature=temperature, width=width)
        found = queries.map(
            lambda number: _meet_all(tiles, remembered, number, decoupled),
            _Found(*[rows.dtype] * 4),
        )
        normaliser, positive = queries.join(found.normaliser), queries.join(found.positive)
        normalisers = keys.fill_up(gather_views(normaliser))

        def gradient(upstream: tf.Tensor, *of_metrics: tf.Tensor) -> tf.Tensor:
            del of_metrics
            images = tf.cast(tf.shape(rows)[1], rows.dtype)
            weight = upstream / (images * temperature)
            pulls = queries.map(
                lambda number: (
                    weight * _pull(tiles, remembered, number, found, normalisers, decoupled)
                ),
                rows.dtype,
            )
            return queries.join(pulls)

        loss = tf.reduce_mean(tf.reduce_sum(normaliser - positive, axis=0))
        accuracy = tf.reduce_mean(queries.join_images(found.hit))
        entropy = tf.reduce_mean(queries.join_images(found.entropy))
        return (loss, accuracy, entropy), gradient

    return loss_of(rows)


def _meet_all(
    tiles: Tiles, remembered: RememberedTiles | None, query: tf.Tensor, decoupled: bool
) -> _Found:
    """One block of queries and all keys, and the memory."""
    block, dtype = tiles.queries.block, tiles.dtype
    rows = 2 * block
    start = _Seen(
        highest=tf.fill([rows, 2], tf.constant(SELF_SIMILARITY_MASK, dtype)),
        total=tf.zeros([rows, 2], dtype),
        spread=tf.zeros([block], dtype),
        best=tf.zeros([block], tf.int32),
        positive=tf.zeros([rows], dtype),
    )
    seen = tiles.keys.fold(
        lambda seen, key: _meet(seen, *tiles.negatives(query, key), key * tiles.keys.block), start
    )
    of_memory = None if remembered is None else _recall(remembered, tiles.query_rows(query))
    return _conclude(seen, of_memory, tiles.images_asking(query), decoupled)


def _recall(remembered: RememberedTiles, queries: tf.Tensor) -> tf.Tensor:
    """[2 * block]: the log-sum-exp of the queries' logits over the memory."""

    def add(normaliser: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        met = tf.reduce_logsumexp(remembered.negatives(queries, number), axis=1)
        return tf.reduce_logsumexp(tf.stack([normaliser, met]), axis=0)

    nothing = tf.fill([queries.shape[0]], tf.constant(SELF_SIMILARITY_MASK, queries.dtype))
    return remembered.fold(add, nothing)


def _meet(seen: _Seen, negatives: tf.Tensor, positive: tf.Tensor, first: tf.Tensor) -> _Seen:
    """Takes a tile in, whose keys are images from `first` on."""
    block, keys = (rows // 2 for rows in negatives.shape)
    by_view = tf.reshape(negatives, [2 * block, 2, keys])
    highest = tf.maximum(seen.highest, tf.reduce_max(by_view, axis=2))
    below = by_view - highest[..., tf.newaxis]
    shares = tf.exp(below)
    fall = seen.highest - highest
    kept = tf.exp(fall)  # [2 * block, 2]: sums so far are relative to the former highest.
    ab = (slice(None, block), 1)
    return _Seen(
        highest=highest,
        total=seen.total * kept + tf.reduce_sum(shares, axis=2),
        spread=(seen.spread + seen.total[ab] * fall[ab]) * kept[ab]
        + tf.reduce_sum(shares[ab] * below[ab], axis=1),
        best=tf.where(
            highest[ab] > seen.highest[ab],
            first + tf.argmax(by_view[ab], axis=1, output_type=tf.int32),
            seen.best,
        ),
        positive=seen.positive + positive,
    )


def _conclude(
    seen: _Seen, of_memory: tf.Tensor | None, image: tf.Tensor, decoupled: bool
) -> _Found:
    """What the queries, of images `image` [block], find once they have met all keys."""
    normaliser = tf.reduce_logsumexp(seen.highest + tf.math.log(seen.total), axis=1)
    if of_memory is not None:
        normaliser = tf.reduce_logsumexp(tf.stack([normaliser, of_memory]), axis=0)
    if not decoupled:
        normaliser = tf.reduce_logsumexp(tf.stack([normaliser, seen.positive]), axis=0)

    ab = (slice(None, image.shape[0]), 1)
    positive, negative = seen.positive[: image.shape[0]], seen.highest[ab]  # [block] each
    hit = (positive > negative) | ((positive == negative) & (image < seen.best))
    # The positive is one more key, of the softmax of ab at any rate.
    highest = tf.maximum(negative, positive)
    fall, below = negative - highest, positive - highest
    total = seen.total[ab] * tf.exp(fall) + tf.exp(below)
    spread = (seen.spread + seen.total[ab] * fall) * tf.exp(fall) + tf.exp(below) * below
    # Differs from the original: the entropy there is of log(p + 1e-8), which wants p itself.
    return _Found(
        normaliser=normaliser,
        positive=seen.positive,
        hit=tf.cast(hit, positive.dtype),
        entropy=tf.math.log(total) - spread / total,
    )


def _pull(
    tiles: Tiles,
    remembered: RememberedTiles | None,
    query: tf.Tensor,
    found: _Found,
    normalisers: tf.Tensor,
    decoupled: bool,
) -> tf.Tensor:
    """[2 * block, dim]: the sum in the gradient, for one block.

    Args:
      tiles: the matrix.
      remembered: that of the memory.
      query: scalar int, number of the block of queries.
      found: of all blocks of queries, [count, ...].
      normalisers: [2, global] and some more, l of all rows.
      decoupled: whether positives leave the denominators.
    """
    own, positive = found.normaliser[query], found.positive[query]  # [2 * block]

    def add(sums: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        negatives, _ = tiles.negatives(query, key)
        as_query = tf.exp(negatives - own[:, tf.newaxis])
        as_key = tf.exp(negatives - tiles.keys.cut(normalisers, key))
        return sums + product(as_query + as_key, tiles.key_rows(key))

    rows = tiles.query_rows(query)
    block = tiles.queries.block
    others = tf.roll(rows, block, axis=0)  # The positives: the other view of each image.
    weight = tf.fill([2 * block], tf.constant(-2, rows.dtype))
    if not decoupled:
        weight += tf.exp(positive - own) + tf.exp(positive - tf.roll(own, block, axis=0))
    pull = tiles.keys.fold(add, weight[:, tf.newaxis] * others)
    if remembered is None:
        return pull

    def add_memory(sums: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        as_query = tf.exp(remembered.negatives(rows, number) - own[:, tf.newaxis])
        return sums + product(as_query, remembered.key_rows(number))

    return remembered.fold(add_memory, pull)
