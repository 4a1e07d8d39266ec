"""Losses with a term for each negative, in memory linear in the batch.

arXiv 2002.05709, table 2. The backward pass goes through the tiles again, as in blockwise.py.
"""

import dataclasses
from collections.abc import Callable
from typing import ClassVar, NamedTuple

import tensorflow as tf

from tf_simclr.losses import running_softmax
from tf_simclr.losses.blockwise import BLOCK
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import SELF_SIMILARITY_MASK, count_of_negatives, nearest_below
from tf_simclr.losses.products import product
from tf_simclr.losses.tiles import RememberedTiles, Tiles, gather_views


class Terms(NamedTuple):
    """The equation of a loss, in functions that work element by element: see Termwise."""

    of_positive: Callable[[tf.Tensor], tf.Tensor]
    of_negative: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


class _Choice(NamedTuple):
    """The semi-hard negative of each row, as its key needs it for its gradient."""

    number: tf.Tensor  # [...] of the key, as Tiles counts them; of a memory's row, below 0
    slope: tf.Tensor  # [...] of the row's loss in that logit; 0 if the row has no such negative


class _Found(NamedTuple):
    """What loss, metrics and gradient need from a block of queries and all keys."""

    loss: tf.Tensor  # [2 * block]
    slope: tf.Tensor  # [2 * block] of the loss in the logit of the positive
    choice: tuple  # _Choice of [2 * block] each; () if every negative counts
    hit: tf.Tensor  # [block] as in running_softmax
    entropy: tf.Tensor  # [block] likewise


def blockwise_terms(
    rows: tf.Tensor,
    *,
    terms: Terms,
    temperature: float,
    semi_hard: bool,
    negatives: str = "both",
    block: int = BLOCK,
    memory: Memory | None = None,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """A loss of a term for each negative, over the batches of all replicas, with its metrics.

    With s_ij the logit of rows i and j, i' the positive of i, p_i = s_ii', n the number of
    negatives, P and N the two terms, and N' the slope of N in its first argument:

        loss of i                =  P(p_i) + sum_j w_ij N(s_ij, p_i)
        d sum of losses / d z_i  =  (sum_j (w_ij N'(s_ij, p_i) + w_ji N'(s_ij, p_j)) z_j
                                     + (h_i + h_i') z_i') / temperature

    w_ij is 1 / n, or, if semi_hard, 1 for the j that i has chosen and 0 for the others. h_i is the
    slope of the loss of i in p_i. The second N' comes from i as a key of query j; as products are
    symmetric, its logit is s_ij, too. A row m of a memory is a key of every i, but never a query.

    Replicas gather their rows, from which they know every p. If semi_hard, they also gather which
    negative each row has chosen, and the slope there.

    Args:
      rows: [2, local, dim] first and second views, float32 or float64, compared as they are. Every
        replica must have the same number.
      terms: the equation.
      temperature: divides the products; > 0.
      semi_hard: whether only the nearest negative below the positive counts.
      negatives: "both" or "other": see `pairs.NEGATIVES`.
      block: as in `blockwise_loss`.
      memory: likewise.

    Returns:
      Scalars loss, accuracy and entropy as in `ContrastiveLoss`; only the loss has a gradient.
    """

    @tf.custom_gradient
    def loss_of(rows: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], Callable]:
        tiles = Tiles(rows, temperature=temperature, block=block, negatives=negatives)
        queries = tiles.queries
        remembered = None
        if memory is not None:
            width = 2 * tiles.most_keys
            remembered = RememberedTiles(memory, temperature=temperature, width=width)
        count = count_of_negatives(tiles.keys.images, negatives, memory)
        rule = _Nearest(terms) if semi_hard else _Every(terms, tf.cast(count, rows.dtype))
        matrix = _Matrix(tiles, remembered, rule, *tiles.positives())
        kinds = tf.nest.map_structure(lambda _: rows.dtype, _Found(0, 0, rule.choice, 0, 0))
        found = queries.map(lambda query: _find(matrix, query), kinds)
        told = tf.nest.map_structure(
            lambda values: tiles.keys.fill_up(gather_views(queries.join(values))), found.choice
        )

        def gradient(upstream: tf.Tensor, *of_metrics: tf.Tensor) -> tf.Tensor:
            del of_metrics
            images = tf.cast(tf.shape(rows)[1], rows.dtype)
            weight = upstream / (images * temperature)
            sums = queries.map(
                lambda query: weight * _gradient_sum(matrix, query, found, told), rows.dtype
            )
            return queries.join(sums)

        loss = tf.reduce_mean(tf.reduce_sum(queries.join(found.loss), axis=0))
        accuracy = tf.reduce_mean(queries.join_images(found.hit))
        entropy = tf.reduce_mean(queries.join_images(found.entropy))
        return (loss, accuracy, entropy), gradient

    return loss_of(rows)


@dataclasses.dataclass(frozen=True)
class _Every:
    """Every negative counts, as one of `count`, a scalar in the dtype of the logits."""

    terms: Terms
    count: tf.Tensor
    choice: ClassVar[tuple] = ()
    reads_logits: ClassVar[bool] = True

    def start(self, positives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Sums of the terms, and of their slopes in the positive: [rows] each."""
        return tf.zeros_like(positives), tf.zeros_like(positives)

    def add(
        self, sums: tuple, logits: tf.Tensor, numbers: tf.Tensor, positives: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """With the tile's logits [rows, keys]; positives are [rows]."""
        del numbers
        values, slopes = _with_slopes(
            lambda positives: self.terms.of_negative(logits, positives), positives[:, tf.newaxis]
        )
        return sums[0] + tf.reduce_sum(values, axis=1), sums[1] + slopes[:, 0]

    def finish(self, sums: tuple, positives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple]:
        """[rows] losses without the positive's term, their slopes in the positive, the choice."""
        del positives
        return sums[0] / self.count, sums[1] / self.count, ()

    def weights(
        self, logits: tf.Tensor, positives: tf.Tensor, numbers: tf.Tensor, choice: tuple
    ) -> tf.Tensor:
        """Slopes in the logits of rows that have these positives; all broadcast to the logits."""
        del numbers, choice
        _, slopes = _with_slopes(lambda at: self.terms.of_negative(at, positives), logits)
        return slopes / self.count


@dataclasses.dataclass(frozen=True)
class _Nearest:
    """Only the semi-hard negative counts: the nearest of those below the positive."""

    terms: Terms
    choice: ClassVar[_Choice] = _Choice(0, 0)
    reads_logits: ClassVar[bool] = False

    def start(self, positives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Its logit and its number: [rows] each."""
        nothing = tf.constant(SELF_SIMILARITY_MASK, positives.dtype)
        return tf.fill(tf.shape(positives), nothing), tf.zeros_like(positives, tf.int32)

    def add(
        self, nearest: tuple, logits: tf.Tensor, numbers: tf.Tensor, positives: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """With the tile's logits [rows, keys], whose keys have these numbers."""
        logit, number = nearest
        here = nearest_below(logits, positives)
        is_here = logits == here[:, tf.newaxis]
        # Of equals that with the largest number.
        number_here = tf.reduce_max(tf.where(is_here, numbers, tf.int32.min), axis=1)
        return tf.maximum(logit, here), tf.where(here > logit, number_here, number)

    def finish(self, nearest: tuple, positives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tuple]:
        """As of _Every."""
        logit, number = nearest
        losses, slopes = _with_slopes(lambda at: self.terms.of_negative(at, positives), logit)
        _, of_positives = _with_slopes(lambda at: self.terms.of_negative(logit, at), positives)
        # A number is gathered and compared as a float: float32 counts to 2 ** 24 rows.
        return losses, of_positives, _Choice(tf.cast(number, slopes.dtype), slopes)

    def weights(
        self, logits: tf.Tensor, positives: tf.Tensor, numbers: tf.Tensor, choice: _Choice
    ) -> tf.Tensor:
        """Slopes in the logits of rows that made this choice with the keys of these numbers."""
        del logits, positives
        is_chosen = tf.cast(numbers, choice.number.dtype) == choice.number
        return tf.where(is_chosen, choice.slope, tf.zeros_like(choice.slope))


class _Matrix(NamedTuple):
    """All pairs, and what the loss takes from them."""

    tiles: Tiles
    remembered: RememberedTiles | None
    rule: _Every | _Nearest
    of_queries: tf.Tensor  # [2, images of all blocks of queries] logits of their positives
    of_keys: tf.Tensor  # [2, images of all blocks of keys] likewise


def _with_slopes(function: Callable, at: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """(values, slopes) of a function that works element by element; slopes add where it repeats."""
    with tf.GradientTape() as tape:
        tape.watch(at)
        values = function(at)
    return values, tape.gradient(values, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)


def _find(matrix: _Matrix, query: tf.Tensor) -> _Found:
    """What one block of queries finds in all keys and the memory."""
    tiles, remembered, rule, block = *matrix[:3], matrix.tiles.queries.block
    rows, positives = tiles.query_rows(query), tiles.queries.cut(matrix.of_queries, query)

    def add(both: tuple, key: tf.Tensor) -> tuple:
        state, running = both
        logits, own = tiles.negatives(query, key)
        ab = logits[:block, -tiles.keys.block :]
        return (
            rule.add(state, logits, tiles.key_numbers(key), positives),
            running_softmax.add_tile(running, ab, own[:block], key * tiles.keys.block),
        )

    running = running_softmax.start(block, 1, block, tiles.dtype)
    state, running = tiles.keys.fold(add, (rule.start(positives), running))
    if remembered is not None:

        def add_memory(state: tuple, number: tf.Tensor) -> tuple:
            logits, numbers = remembered.negatives(rows, number), remembered.numbers(number)
            return rule.add(state, logits, numbers, positives)

        state = remembered.fold(add_memory, state)
    losses, slopes, choice = rule.finish(state, positives)
    of_positives, more = _with_slopes(rule.terms.of_positive, positives)
    hit, entropy = running_softmax.hits_and_entropies(running, tiles.query_images(query))
    return _Found(losses + of_positives, slopes + more, choice, hit, entropy)


def _gradient_sum(matrix: _Matrix, query: tf.Tensor, found: _Found, told: tuple) -> tf.Tensor:
    """The sum in the gradient of one block of queries, [2 * block, dim].

    Args:
      matrix: of all pairs.
      query: scalar int, number of the block of queries.
      found: of all blocks of queries, [count, ...].
      told: the choices of all rows, [2, images of all blocks of keys] each.
    """
    tiles, remembered, rule = matrix[:3]
    rows, slope = tiles.query_rows(query), found.slope[query]
    positives = tiles.queries.cut(matrix.of_queries, query)[:, tf.newaxis]
    own = tf.nest.map_structure(lambda values: values[query][:, tf.newaxis], found.choice)

    def add(sums: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        logits = tiles.negatives(query, key)[0] if rule.reads_logits else None
        as_query = rule.weights(logits, positives, tiles.key_numbers(key), own)
        theirs = tf.nest.map_structure(lambda values: tiles.at_keys(values, key), told)
        numbers = tiles.query_numbers(query)[:, tf.newaxis]
        as_key = rule.weights(logits, tiles.at_keys(matrix.of_keys, key), numbers, theirs)
        return sums + tiles.weighted_keys(as_query + as_key, key)

    block = tiles.queries.block
    others = tf.roll(rows, block, axis=0)  # The positives: the other view of each image.
    both_ways = slope + tf.roll(slope, block, axis=0)
    total = tiles.keys.fold(add, both_ways[:, tf.newaxis] * others)
    if remembered is None:
        return total

    def add_memory(sums: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        logits = remembered.negatives(rows, number) if rule.reads_logits else None
        as_query = rule.weights(logits, positives, remembered.numbers(number), own)
        return sums + product(as_query, remembered.key_rows(number))

    return remembered.fold(add_memory, total)
