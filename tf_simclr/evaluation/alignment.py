"""Alignment of two views and uniformity on the sphere: what a contrastive loss asks of features.

Source: Wang and Isola, Understanding Contrastive Representation Learning through Alignment and
Uniformity on the Hypersphere (arXiv 2005.10242), section 4.1.
"""

import numpy as np

from tf_simclr.evaluation.neighbours import unit_rows
from tf_simclr.evaluation.tables import pair_of_tables, table_of_several

UNIFORMITY_T = 2.0  # The paper's t.
ROWS_AT_ONCE = 1024


def alignment(first: np.ndarray, second: np.ndarray) -> float:
    """Alignment (arXiv 2005.10242, section 4.1.1): how far two views are apart. Lower is better.

    The mean of |x - y|^2 over pairs of views x, y of a picture, both scaled to length one.

    >>> first, second = np.array([[2.0, 0.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    >>> alignment(first, second)  # 0 for the first pair, 2 for the second
    1.0

    Args:
        first: float [rows, features] of the first views; a row of zeros stays zero.
        second: float [rows, features], row i of the same picture as row i of `first`.

    Returns:
        From 0 (views have the same direction) to 4 (the opposite one); unrelated directions give
        2 on average. A collapsed encoder gives 0, too: read it with uniformity. It does not change
        if rows are scaled, or both tables rotated.

    Raises:
        ValueError: tables that are not finite or not of one shape.
    """
    one, other = pair_of_tables(first, second)
    difference = unit_rows(one) - unit_rows(other)
    return float(np.mean(np.sum(np.square(difference), axis=1)))


def uniformity(features: np.ndarray) -> float:
    """Uniformity (arXiv 2005.10242, section 4.1.2): whether features fill the sphere.

    The logarithm of the mean of exp(-2 |x - y|^2) over all pairs of different rows, scaled to
    length one. Lower is better.

    >>> uniformity(np.array([[1.0, 0.0], [-3.0, 0.0]]))  # opposite: a distance of 2
    -8.0
    >>> uniformity(np.ones((5, 3)))  # All rows are the same.
    0.0

    Args:
        features: float [rows, features], at least 2 rows; 1,000 give a steady value. A row of zeros
            stays zero.

    Returns:
        From -8 (two opposite rows) to 0 (all have one direction); many rows that fill a sphere of
        many dimensions give about -4. It does not change if rows are scaled, or all rotated.

    Raises:
        ValueError: fewer than 2 rows; features that are not a finite table.
    """
    table = unit_rows(table_of_several("features", features))
    squares, total = np.square(table).sum(axis=1), 0.0
    for start in range(0, len(table), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        distances = squares[rows, None] + squares - 2 * table[rows] @ table.T
        weights = np.exp(-UNIFORMITY_T * np.maximum(distances, 0))
        np.fill_diagonal(weights[:, start:], 0)  # Not a row with itself.
        total += weights.sum()
    return float(np.log(total / (len(table) * (len(table) - 1))))
