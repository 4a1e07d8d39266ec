"""How a batch is cut into blocks, and what tiles they make: nothing is computed in vain."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.losses.blockwise import BLOCK
from tf_simclr.losses.tiles import Blocks, Tiles


@pytest.mark.parametrize(
    ("images", "most", "count", "block"),
    [(128, 512, 1, 128), (512, 512, 1, 512), (513, 512, 2, 257), (4096, 2048, 2, 2048)],
)
def test_the_fewest_blocks_as_equal_as_can_be(images, most, count, block):
    blocks = Blocks.equal(images, most)
    assert (blocks.count, blocks.block) == (count, block)


@pytest.mark.parametrize("most", [1, 5, 64])
def test_less_than_one_image_a_block_is_filled_up(most):
    for images in range(1, 200):
        blocks = Blocks.equal(images, most)
        assert blocks.block <= most
        assert 0 <= blocks.count * blocks.block - images < blocks.count


def test_a_batch_that_only_the_data_tell_is_in_blocks_of_the_full_size():
    blocks = Blocks.equal(tf.constant(21), 8)
    assert (int(blocks.count), blocks.block) == (3, 8)


@pytest.mark.parametrize(
    ("local", "block_of_keys"), [(4096, 512), (1000, 524), (128, 2048), (32, 8192)]
)
def test_smaller_blocks_of_queries_meet_larger_ones_of_keys(local, block_of_keys):
    tiles = Tiles(tf.zeros([2, local, 1]), temperature=1.0, block=BLOCK)
    assert tiles.most_keys == block_of_keys
    assert tiles.queries.block * tiles.most_keys <= BLOCK**2
    # On one device there are no more keys than queries.
    assert tiles.keys.block <= min(local, tiles.most_keys)


@pytest.mark.parametrize(("images", "block"), [(5, 2), (6, 4)])
def test_a_tile_of_the_other_views_is_the_outer_quarters_of_one_of_both(images, block):
    """ab and ba: its logits, masks, positives, numbers and sums over keys."""
    rows = tf.constant(np.random.default_rng(0).standard_normal((2, images, 3)))
    both, other = (
        Tiles(rows, temperature=0.5, block=block, negatives=word) for word in ("both", "other")
    )
    block, width = both.queries.block, both.keys.block
    assert (both.views, other.views) == (2, 1)

    def outer(quarters):
        """[2 * queries, 2 * keys] -> [2 * queries, keys]"""
        quarters = tf.broadcast_to(quarters, [2 * block, 2 * width])
        return np.concatenate([quarters[:block, width:], quarters[block:, :width]])

    of_keys = both.keys.fill_up(tf.constant(np.arange(2.0 * images).reshape(2, images)))
    for query, key in np.ndindex(both.queries.count, both.keys.count):
        whole, positive = both.negatives(query, key)
        found, positive_of_found = other.negatives(query, key)
        np.testing.assert_array_equal(found, outer(whole))
        np.testing.assert_array_equal(positive_of_found, positive)
        np.testing.assert_array_equal(
            tf.broadcast_to(other.key_numbers(key), found.shape), outer(both.key_numbers(key))
        )
        np.testing.assert_array_equal(
            other.at_keys(of_keys, key), outer(both.at_keys(of_keys, key))
        )
        weights = tf.random.stateless_uniform(found.shape, [query, key], dtype=tf.float64)
        of_ab, of_ba = tf.split(weights, 2)
        zeros = tf.zeros_like(of_ab)
        quarters = tf.concat(
            [tf.concat([zeros, of_ab], axis=1), tf.concat([of_ba, zeros], axis=1)], axis=0
        )
        np.testing.assert_allclose(
            other.weighted_keys(weights, key), both.weighted_keys(quarters, key), rtol=1e-12
        )


def test_a_row_has_the_same_number_as_a_query_and_as_a_key():
    tiles = Tiles(tf.zeros([2, 5, 1]), temperature=1.0, block=2)
    for block, expected in enumerate(([0, 2, 1, 3], [4, 6, 5, 7], [8, 10, 9, 11])):
        np.testing.assert_array_equal(tiles.query_numbers(block), expected)
        np.testing.assert_array_equal(tiles.key_numbers(block), expected)


@pytest.mark.parametrize(("images", "block"), [(5, 2), (6, 4)])
def test_positives_are_those_of_the_tiles(images, block):
    rows = tf.constant(np.random.default_rng(0).standard_normal((2, images, 3)))
    tiles = Tiles(rows, temperature=0.5, block=block)
    expected = np.sum(rows[0] * rows[1], axis=1) / 0.5
    for found in tiles.positives():
        np.testing.assert_allclose(found[:, :images], [expected] * 2, rtol=1e-12)
    in_tiles = sum(tiles.negatives(0, key)[1] for key in range(tiles.keys.count))
    np.testing.assert_allclose(in_tiles, np.tile(expected[: tiles.queries.block], 2), rtol=1e-12)
