"""How a batch is cut into blocks, and what tiles they make: nothing is computed in vain."""

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
