"""Statistics of the cells of a grid on a map of features: vectors of one length for any map.

# Differs from the papers: layers are pooled by the maximum of each quadrant in Dosovitskiy et al.
# (arXiv 1406.6909), and by maxima down to 9,000 features in Kolesnikov et al. (arXiv 1901.09005).
# The last layer of a ResNet is averaged, and so the mean over one cell is that layer.
"""

from typing import Any

import tensorflow as tf

TINY = 1e-12  # of a variance: the slope of the root at zero is infinite


def grid_means(maps: tf.Tensor, cells: int) -> tf.Tensor:
    """The means of the cells of a grid, row by row. One cell is the average over the whole map.

    Of n cells on an axis of length L, cell i spans floor(i L / n) up to ceil((i + 1) L / n): two
    cells share the middle of an odd length.

        7 rows, 2 cells:   0 1 2 3
                                 3 4 5 6

    Args:
      maps: float [batch, height, width, channels]. Where height or width is not static, a map may
        be smaller than the grid: then cells share its pixels.
      cells: on each axis, from 1 to height and width.

    Returns:
      [batch, cells * cells * channels], the same dtype.

    Raises:
      ValueError: for a number of cells that the map does not have.
    """
    known = [side for side in maps.shape[1:3] if side is not None]
    if not 1 <= cells <= min(known, default=cells):
        raise ValueError(
            f"`cells` must be from 1 to the sides of the map. Received: cells={cells},"
            f" maps.shape={tuple(maps.shape)}. Give larger pictures, or fewer cells."
        )
    return shared_grid_means(maps, cells)


def shared_grid_means(maps: tf.Tensor, cells: int) -> tf.Tensor:
    """As grid_means, of maps of any size: cells of a map that is too small share its pixels.

    So the number of features does not depend on the size of pictures.

    Args:
      maps: float [batch, height, width, channels].
      cells: on each axis, at least 1.
    """
    return tf.concat([tf.reduce_mean(cell, [1, 2]) for cell in _cells(maps, cells)], axis=1)


def shared_grid_deviations(maps: tf.Tensor, cells: int) -> tf.Tensor:
    """As shared_grid_means, standard deviations in the place of means.

    Their gradient is finite, and zero in a cell of one pixel.

    Args:
      maps: float [batch, height, width, channels].
      cells: on each axis, at least 1.

    Returns:
      [batch, cells * cells * channels], the same dtype; at least 1e-6.
    """
    variances = [tf.math.reduce_variance(cell, [1, 2]) for cell in _cells(maps, cells)]
    return tf.sqrt(tf.concat(variances, axis=1) + TINY)


def _cells(maps: tf.Tensor, cells: int) -> list[tf.Tensor]:
    """The pixels of each cell, [batch, rows, columns, channels], row by row of the grid."""
    static, dynamic = maps.shape, tf.shape(maps)
    height, width = (dynamic[axis] if static[axis] is None else static[axis] for axis in (1, 2))
    return [
        maps[:, slice(*rows), slice(*columns)]
        for rows in _spans(height, cells)
        for columns in _spans(width, cells)
    ]


def _spans(length: Any, cells: int) -> list[tuple[Any, Any]]:
    """Begin and end of each cell; the length of the axis is an int, or a scalar tensor."""
    return [(i * length // cells, -(-(i + 1) * length // cells)) for i in range(cells)]
