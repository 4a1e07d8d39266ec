"""Means of the cells of a grid, against a loop over their pixels."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.pooling import grid_means


def by_hand(maps, cells):
    """Each cell from floor(i L / n) up to ceil((i + 1) L / n), rows of the grid one by one."""

    def span(number, length):
        return range(number * length // cells, math.ceil((number + 1) * length / cells))

    vectors = []
    for picture in maps:
        vector = []
        for row in range(cells):
            for column in range(cells):
                pixels = [
                    picture[y, x]
                    for y in span(row, len(picture))
                    for x in span(column, len(picture[0]))
                ]
                vector.extend(np.mean(pixels, axis=0))
        vectors.append(vector)
    return np.array(vectors)


@pytest.mark.parametrize("shape", [(2, 7, 7, 3), (3, 4, 6, 2), (1, 2, 2, 5), (2, 5, 3, 1)])
@pytest.mark.parametrize("cells", [1, 2])
def test_each_cell_is_the_mean_of_its_pixels(shape, cells):
    maps = np.random.default_rng(0).normal(size=shape)
    found = grid_means(tf.constant(maps), cells).numpy()
    assert found.shape == (shape[0], cells * cells * shape[-1])
    np.testing.assert_allclose(found, by_hand(maps, cells), rtol=1e-12)


def test_one_cell_is_the_representation_of_a_resnet_bit_for_bit():
    maps = tf.random.stateless_normal([4, 3, 3, 8], [0, 1])
    np.testing.assert_array_equal(grid_means(maps, 1), tf.reduce_mean(maps, [1, 2]))


@pytest.mark.parametrize(
    ("shape", "cells"), [((1, 1, 4, 2), 2), ((1, 4, 1, 2), 2), ((1, 3, 3, 1), 0)]
)
def test_a_map_that_has_no_such_cells_is_an_error(shape, cells):
    with pytest.raises(ValueError, match=rf"`cells` must be from 1 to .* Received: cells={cells}"):
        grid_means(tf.zeros(shape), cells)
