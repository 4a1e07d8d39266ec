"""The matrix of all pairs in tiles, one of which is in memory at a time.

Images are cut into blocks. A tile has both views of a block of queries and of a block of keys:

                      keys a   keys b
      queries a  [      aa       ab     ]
      queries b  [      ba       bb     ]     [2 * block of queries, 2 * block of keys]

If only the other view of other images counts, aa and bb are never computed:

      queries a  [      ab     ]
      queries b  [      ba     ]              [2 * block of queries, block of keys]

In both, the last columns of the first views' rows are ab.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.pairs import SELF_SIMILARITY_MASK, count_of_views, remembered_logits
from tf_simclr.losses.products import product


class Blocks:
    """A batch of images in blocks, the last one filled up with zeros.

    Args:
      images: how many; an int, or a scalar tensor if the graph does not know.
      block: images in a block, >= 1.
    """

    def __init__(self, images: int | tf.Tensor, block: int):
        self.images, self.block = images, block
        self.count = -(-images // block)

    @classmethod
    def equal(cls, images: int | tf.Tensor, most: int) -> "Blocks":
        """The fewest blocks that hold all images, as equal as possible.

        If `images` is an int, there are fewer filled-up places than blocks. If it is a tensor, all
        blocks have `most` images, and the last one may be nearly empty.

        Args:
          images: as Blocks takes them.
          most: most images in a block, >= 1.
        """
        count = -(-images // most)
        return cls(images, -(-images // count) if isinstance(images, int) else most)

    def fill_up(self, values: tf.Tensor) -> tf.Tensor:
        """[2, images, ...] -> [2, count * block, ...]; the same tensor if the blocks are full."""
        missing = self.count * self.block - self.images
        return tf.pad(values, [[0, 0], [0, missing], *[[0, 0]] * (values.shape.rank - 2)])

    def cut(self, filled_up: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """[2, count * block, ...] -> [2 * block, ...]: one block, first views and second views."""
        rest = filled_up.shape[2:]
        start = tf.stack([0, number * self.block, *[0] * len(rest)])
        return tf.reshape(tf.slice(filled_up, start, [2, self.block, *rest]), [-1, *rest])

    def map(self, function: Callable, dtypes: Any) -> Any:
        """The stacked results of function(number) for each block: a nest of tensors of `dtypes`."""
        return tf.map_fn(
            function, tf.range(self.count), parallel_iterations=1, fn_output_signature=dtypes
        )

    def fold(self, function: Callable, start: Any) -> Any:
        """The state after calling function(state, number) for each block, from `start` on."""
        return tf.foldl(function, tf.range(self.count), start, parallel_iterations=1)

    def join(self, values: tf.Tensor) -> tf.Tensor:
        """The inverse of `cut` for all blocks: [count, 2 * block, ...] -> [2, images, ...]."""
        rest = values.shape[2:]
        values = tf.reshape(values, [self.count, 2, self.block, *rest])
        values = tf.transpose(values, [1, 0, *range(2, values.shape.rank)])
        return tf.reshape(values, [2, self.count * self.block, *rest])[:, : self.images]

    def join_images(self, values: tf.Tensor) -> tf.Tensor:
        """[count, block, ...] -> [images, ...]."""
        return tf.reshape(values, [-1, *values.shape[2:]])[: self.images]


class Tiles:
    """Logits of the images of this replica against the images of all replicas.

    With many replicas there are few queries and many keys. If blocks of queries are smaller, blocks
    of keys are larger by the same factor, so that tiles are neither padded nor small.

    Args:
      rows: [2, local, dim] first and second views.
      temperature: divides the products.
      block: most images in a block of queries; a tile has at most (2 * block) ** 2 logits.
      negatives: "both" or "other": see `pairs.NEGATIVES`.

    Attributes:
      queries: the blocks of this replica's images.
      keys: the blocks of all images.
      most_keys: most images in a block of keys.
      views: of an image among the columns of a tile: 2, or 1 for "other".
      dtype: of the logits.
    """

    def __init__(self, rows: tf.Tensor, *, temperature: float, block: int, negatives: str = "both"):
        everyone = gather_views(rows)  # [2, global, dim]
        self.queries = Blocks.equal(_images(rows), block)
        self.most_keys = block**2 // self.queries.block
        self.keys = Blocks.equal(_images(everyone), self.most_keys)
        self._query_rows = self.queries.fill_up(rows)
        self._key_rows = self.keys.fill_up(everyone)
        self._temperature, self.dtype = temperature, rows.dtype
        self.views = count_of_views(negatives)
        self._first_query = replicas.index() * self.queries.images

    def query_rows(self, query: tf.Tensor) -> tf.Tensor:
        """[2 * block of queries, dim] of the block with that number, a scalar int."""
        return self.queries.cut(self._query_rows, query)

    def weighted_keys(self, weights: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """For each query the sum of the keys of a tile, weighted: [2 * block of queries, dim].

        Args:
          weights: like the logits of a tile.
          key: scalar int, number of the block of keys.
        """
        rows = self.keys.cut(self._key_rows, key)
        if self.views == 2:
            return product(weights, rows)
        (of_a, of_b), (a, b) = tf.split(weights, 2), tf.split(rows, 2)
        return tf.concat([product(of_a, b), product(of_b, a)], axis=0)

    def at_keys(self, values: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        """A value of each key of a tile, which broadcasts to its logits.

        Args:
          values: [2, images of all blocks of keys], as `keys.fill_up` makes them.
          key: scalar int, number of the block of keys.
        """
        of_block = self.keys.cut(values, key)  # [2 * block of keys]
        if self.views == 2:
            return of_block
        of_a, of_b = tf.split(of_block, 2)
        return tf.repeat(tf.stack([of_b, of_a]), self.queries.block, axis=0)

    def query_images(self, query: tf.Tensor) -> tf.Tensor:
        """Numbers of a block's images among those of all replicas: int [block of queries]."""
        first = self._first_query + query * self.queries.block
        return first + tf.range(self.queries.block)

    def negatives(self, query: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of a tile, -1e9 if both rows are of the same image or the key is padding.

        Args:
          query: scalar int, number of the block of queries.
          key: scalar int, number of the block of keys.

        Returns:
          [2 * block of queries, views * block of keys] logits, and [2 * block of queries] logits of
          the positives, 0 if they are in another tile.
        """
        logits = self._logits(query, key)
        first_key = key * self.keys.block
        apart = first_key - (self._first_query + query * self.queries.block)
        has_positives = (apart < self.queries.block) & (apart > -self.keys.block)
        filled_up = first_key + self.keys.block > self.keys.images
        # Most tiles need no mask, which costs as much as the product.
        return tf.cond(
            has_positives | filled_up,
            lambda: self._masked(logits, apart, self.keys.images - first_key),
            lambda: (logits, tf.zeros_like(logits[:, 0])),
        )

    def query_numbers(self, query: tf.Tensor) -> tf.Tensor:
        """A number for each row of a block of queries, the same on all replicas.

        Returns:
          Int [2 * block of queries]: 2 * image + view, the image counted over all replicas.
        """
        _, views = _places(self.queries.block)
        return 2 * tf.tile(self.query_images(query), [2]) + views

    def key_numbers(self, key: tf.Tensor) -> tf.Tensor:
        """The numbers of the keys in a tile, int, which broadcast to its logits."""
        places, views = self._key_places()
        return 2 * (key * self.keys.block + places) + views

    def positives(self) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of the positives of all queries, and of all keys.

        Returns:
          [2, images of all blocks of queries] and [2, images of all blocks of keys]; the two views
          have the same.
        """
        a, b = (
            tf.reduce_sum(rows[0] * rows[1], axis=1) / self._temperature
            for rows in (self._query_rows, self._key_rows)
        )
        return tf.stack([a, a]), tf.stack([b, b])

    def _logits(self, query: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        queries = self.query_rows(query) / self._temperature
        keys = self.keys.cut(self._key_rows, key)
        if self.views == 2:
            return product(queries, keys, transpose_right=True)
        pairs = zip(tf.split(queries, 2), reversed(tf.split(keys, 2)))  # a with b, b with a
        return tf.concat([product(*pair, transpose_right=True) for pair in pairs], axis=0)

    def _key_places(self) -> tuple[tf.Tensor, tf.Tensor]:
        """For each column of a tile: the image's place, and its view, which may differ by row."""
        if self.views == 2:
            return _places(self.keys.block)
        _, query_views = _places(self.queries.block)
        return tf.range(self.keys.block), 1 - query_views[:, tf.newaxis]

    def _masked(
        self, logits: tf.Tensor, apart: tf.Tensor, keys_left: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        queries, query_views = _places(self.queries.block)
        keys, key_views = self._key_places()
        is_key = keys < keys_left
        same_image = (queries[:, tf.newaxis] == keys + apart) & is_key
        is_positive = same_image & (query_views[:, tf.newaxis] != key_views)
        positive = tf.reduce_sum(tf.where(is_positive, logits, 0), axis=1)
        mask = tf.constant(SELF_SIMILARITY_MASK, logits.dtype)
        return tf.where(is_key & ~same_image, logits, mask), positive


class RememberedTiles:
    """Logits of rows of this replica against a memory, in tiles.

    Args:
      memory: negatives from earlier batches.
      temperature: divides the products.
      width: most rows of the memory in a tile, >= 1.
    """

    def __init__(self, memory: Memory, *, temperature: float, width: int):
        places, self._dim = memory.rows.shape
        self._count = -(-places // width)
        self._width = -(-places // self._count)  # As equal as possible, as in Blocks.equal.
        missing = self._count * self._width - places
        self._rows = tf.pad(memory.rows, [[0, missing], [0, 0]])
        self._filled, self._temperature = memory.filled, temperature

    def fold(self, function: Callable, start: Any) -> Any:
        """Like Blocks.fold, over the tiles."""
        return tf.foldl(function, tf.range(self._count), start, parallel_iterations=1)

    def key_rows(self, number: tf.Tensor) -> tf.Tensor:
        """[width, dim] of the tile with that number, a scalar int."""
        return tf.slice(self._rows, [number * self._width, 0], [self._width, self._dim])

    def numbers(self, number: tf.Tensor) -> tf.Tensor:
        """Numbers of the rows of the tile, int [width], all below 0: no row of a batch has them."""
        return -1 - number * self._width - tf.range(self._width)

    def negatives(self, queries: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
        """[n, width] logits of `queries` [n, dim], -1e9 where the memory is empty."""
        tile = Memory(self.key_rows(number), self._filled - number * self._width)
        return remembered_logits(queries, tile, self._temperature)


def gather_views(values: tf.Tensor) -> tf.Tensor:
    """[2, local, ...] of every replica -> [2, global, ...] on each; no gradient passes."""
    if replicas.count() == 1:
        return values
    _, local, *rest = values.shape
    # One gather of both views, with an image in each row; the graph only knows its rank.
    by_image = tf.stack(tf.unstack(values, num=2), axis=1)  # [local, 2, ...]
    by_image = replicas.gather_constant(by_image)  # [global, 2, ...]
    everyone = None if local is None else local * replicas.count()
    by_image = tf.ensure_shape(by_image, [everyone, 2, *rest])
    return tf.stack(tf.unstack(by_image, num=2, axis=1))


def _places(block: int) -> tuple[tf.Tensor, tf.Tensor]:
    """For each row of a block: the image's place in it, and its view, 0 or 1; [2 * block] each."""
    return tf.tile(tf.range(block), [2]), tf.repeat([0, 1], block)


def _images(rows: tf.Tensor) -> int | tf.Tensor:
    return tf.shape(rows)[1] if rows.shape[1] is None else rows.shape[1]
