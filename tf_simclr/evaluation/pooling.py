"""Means of the cells of a grid on a map of features: vectors of one length for any size of map.

# Differs from the papers: layers are pooled by the maximum of each quadrant in Dosovitskiy et al.
# (arXiv 1406.6909), and by maxima down to 9,000 features in Kolesnikov et al. (arXiv 1901.09005).
# The last layer of a ResNet is averaged, and so the mean over one cell is that layer.
"""

import tensorflow as tf


def grid_means(maps: tf.Tensor, cells: int) -> tf.Tensor:
    """The means of the cells of a grid, row by row. One cell is the average over the whole map.

    Of n cells on an axis of length L, cell i spans floor(i L / n) up to ceil((i + 1) L / n): two
    cells share the middle of an odd length.

        7 rows, 2 cells:   0 1 2 3
                                 3 4 5 6

    Args:
      maps: float [batch, height, width, channels], of a static height and width.
      cells: on each axis, from 1 to height and width.

    Returns:
      [batch, cells * cells * channels], the same dtype.

    Raises:
      ValueError: for a number of cells that the map does not have.
    """
    height, width = maps.shape[1:3]
    if not 1 <= cells <= min(height, width):
        raise ValueError(
            f"`cells` must be from 1 to the sides of the map. Received: cells={cells},"
            f" maps.shape={tuple(maps.shape)}. Give larger pictures, or fewer cells."
        )
    means = [
        tf.reduce_mean(maps[:, slice(*rows), slice(*columns)], [1, 2])
        for rows in _spans(height, cells)
        for columns in _spans(width, cells)
    ]
    return tf.concat(means, axis=1)


def _spans(length: int, cells: int) -> list[tuple[int, int]]:
    return [(i * length // cells, -(-(i + 1) * length // cells)) for i in range(cells)]
