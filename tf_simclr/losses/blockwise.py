"""NT-Xent and DCL in memory linear in the batch: the matrix of all pairs is never held whole.

arXiv 2002.05709, equation 1, and arXiv 2110.06848, section 3, by a running log-sum-exp. The
backward pass computes the blocks of the matrix again.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tf_simclr.losses import running_softmax
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import SELF_SIMILARITY_MASK
from tf_simclr.losses.products import product
from tf_simclr.losses.running_softmax import RunningSoftmax
from tf_simclr.losses.tiles import RememberedTiles, Tiles, gather_views

# Images in a block of a large batch: a tile is 4 MB in float32. Smaller tiles need more calls, and
# larger ones do not fit into caches.
BLOCK = 512


class _Softmax(NamedTuple):
    """What loss, metrics and gradient need from a block of queries and all keys."""

    log_sum_exp: tf.Tensor  # [2 * block] log of the denominator
    positive: tf.Tensor  # [2 * block] logit of the positive
    hit: tf.Tensor  # [block] 1 where the positive is the largest logit of ab
    entropy: tf.Tensor  # [block] of softmax over ab


def blockwise_loss(
    rows: tf.Tensor,
    *,
    temperature: float,
    decoupled: bool,
    negatives: str = "both",
    block: int = BLOCK,
    memory: Memory | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """NT-Xent or DCL of two views of a batch, over the batches of all replicas, with its metrics.

    With s_ij the product of rows i and j over the temperature, i' the positive of i, and l_i the
    log-sum-exp of s_ij over the keys j in the denominator of i:

        loss of i                  =  l_i - s_ii'
        d sum of losses / d z_i    =  (sum_j (exp(s_ij - l_i) + exp(s_ij - l_j)) z_j - 2 z_i')
                                      / temperature

    The first exponential comes from i as a query, the second from i as a key of query j. Products
    are symmetric, so both use s_ij. Replicas gather rows and their l, so the gradient needs no
    communication. A row m of a memory is a key of every i, but never a query: it adds
    exp(s_im - l_i) z_m.

    Args:
      rows: [2, local, dim] first and second views, float32 or float64, compared as they are. Every
        replica must have the same number.
      temperature: divides the products; > 0.
      decoupled: whether positives are left out of the denominators (DCL).
      negatives: "both" or "other": see `pairs.NEGATIVES`.
      block: most images in a block of queries, >= 1. If these are smaller, blocks of keys are
        larger by the same factor. Memory grows with (local + global) * dim, and with block ** 2.
      memory: negatives from earlier batches, in tiles no larger than the others; None is no memory.

    Returns:
      Scalars loss, accuracy and entropy as in `ContrastiveLoss`; only the loss has a gradient.
    """

    @tf.custom_gradient
    def loss_of(rows: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], Callable]:
        tiles = Tiles(rows, temperature=temperature, block=block, negatives=negatives)
        queries, keys = tiles.queries, tiles.keys
        remembered = None
        if memory is not None:
            width = 2 * tiles.most_keys
            remembered = RememberedTiles(memory, temperature=temperature, width=width)
        softmax = queries.map(
            lambda number: _softmax(tiles, remembered, number, decoupled),
            _Softmax(*[rows.dtype] * 4),
        )
        log_sum_exp, positive = queries.join(softmax.log_sum_exp), queries.join(softmax.positive)
        of_keys = keys.fill_up(gather_views(log_sum_exp))

        def gradient(upstream: tf.Tensor, *of_metrics: tf.Tensor) -> tf.Tensor:
            del of_metrics
            images = tf.cast(tf.shape(rows)[1], rows.dtype)
            weight = upstream / (images * temperature)
            sums = queries.map(
                lambda number: (
                    weight * _gradient_sum(tiles, remembered, number, softmax, of_keys, decoupled)
                ),
                rows.dtype,
            )
            return queries.join(sums)

        loss = tf.reduce_mean(tf.reduce_sum(log_sum_exp - positive, axis=0))
        accuracy = tf.reduce_mean(queries.join_images(softmax.hit))
        entropy = tf.reduce_mean(queries.join_images(softmax.entropy))
        return (loss, accuracy, entropy), gradient

    return loss_of(rows)


def _softmax(
    tiles: Tiles, remembered: RememberedTiles | None, query: tf.Tensor, decoupled: bool
) -> _Softmax:
    """The softmax of one block of queries over all keys and the memory."""
    block = tiles.queries.block
    running = tiles.keys.fold(
        lambda running, key: running_softmax.add_tile(
            running, *tiles.negatives(query, key), key * tiles.keys.block
        ),
        running_softmax.start(2 * block, tiles.views, block, tiles.dtype),
    )
    of_memory = None
    if remembered is not None:
        of_memory = _log_sum_exp_over_memory(remembered, tiles.query_rows(query))
    return _finish(running, of_memory, tiles.query_images(query), decoupled)


def _log_sum_exp_over_memory(remembered: RememberedTiles, queries: tf.Tensor) -> tf.Tensor:
    """The log-sum-exp of the queries' logits over the memory, [2 * block]."""

    def add(log_sum_exp: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        of_tile = tf.reduce_logsumexp(remembered.negatives(queries, number), axis=1)
        return _add_exp(log_sum_exp, of_tile)

    nothing = tf.fill([queries.shape[0]], tf.constant(SELF_SIMILARITY_MASK, queries.dtype))
    return remembered.fold(add, nothing)


def _add_exp(log_sum_exp: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """log(exp(log_sum_exp) + exp(logits)), element by element."""
    return tf.reduce_logsumexp(tf.stack([log_sum_exp, logits]), axis=0)


def _finish(
    running: RunningSoftmax, of_memory: tf.Tensor | None, image: tf.Tensor, decoupled: bool
) -> _Softmax:
    """Adds the memory's log-sum-exp and the positives; the queries are images `image` [block]."""
    log_sum_exp = running_softmax.log_sum_exp(running)
    if of_memory is not None:
        log_sum_exp = _add_exp(log_sum_exp, of_memory)
    if not decoupled:
        log_sum_exp = _add_exp(log_sum_exp, running.positive)
    # The entropy is that of the softmax over ab, which includes the positive in DCL, too.
    hit, entropy = running_softmax.hits_and_entropies(running, image)
    return _Softmax(log_sum_exp, running.positive, hit, entropy)


def _gradient_sum(
    tiles: Tiles,
    remembered: RememberedTiles | None,
    query: tf.Tensor,
    softmax: _Softmax,
    of_keys: tf.Tensor,
    decoupled: bool,
) -> tf.Tensor:
    """The sum in the gradient of one block of queries, [2 * block, dim].

    Args:
      tiles: of the matrix.
      remembered: tiles of the memory.
      query: scalar int, number of the block of queries.
      softmax: of all blocks of queries, [count, ...].
      of_keys: [2, images of all blocks of keys], l of all rows.
      decoupled: whether positives are left out of the denominators.
    """
    own, positive = softmax.log_sum_exp[query], softmax.positive[query]  # [2 * block]

    def add(sums: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        negatives, _ = tiles.negatives(query, key)
        as_query = tf.exp(negatives - own[:, tf.newaxis])
        as_key = tf.exp(negatives - tiles.at_keys(of_keys, key))
        return sums + tiles.weighted_keys(as_query + as_key, key)

    rows = tiles.query_rows(query)
    block = tiles.queries.block
    others = tf.roll(rows, block, axis=0)  # The positives: the other view of each image.
    weight = tf.fill([2 * block], tf.constant(-2, rows.dtype))
    if not decoupled:
        weight += tf.exp(positive - own) + tf.exp(positive - tf.roll(own, block, axis=0))
    total = tiles.keys.fold(add, weight[:, tf.newaxis] * others)
    if remembered is None:
        return total

    def add_memory(sums: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        as_query = tf.exp(remembered.negatives(rows, number) - own[:, tf.newaxis])
        return sums + product(as_query, remembered.key_rows(number))

    return remembered.fold(add_memory, total)
