"""Two-view retrieval: find the other view of the same picture among all pictures.

Instance discrimination, which contrastive learning trains, on pictures that it has not seen: the
contrastive accuracy of Chen et al. (arXiv 2002.05709, section 2.1) among a fixed number of
pictures, for any features.
"""

import numpy as np

from tf_simclr.evaluation.neighbours import unit_rows
from tf_simclr.evaluation.tables import pair_of_tables, table_of_several

ROWS_AT_ONCE = 1024
TIED = 1e-10  # Similarities that differ by less are equal: a collapsed encoder is at chance.


def two_view_retrieval(first: np.ndarray, second: np.ndarray) -> float:
    """The share of views whose nearest neighbour among the other views is of the same picture.

    The similarity is the cosine of features centred by their mean over all views, as in
    retrieval_at_k. Each first view looks among all second views, and the other way round. If m
    neighbours are equally near, the right one counts 1 / m. Higher is better.

    The first two pictures find each other's views, the other two their own:

    >>> first = np.array([[0.0, 3.0], [0.0, -3.0], [4.0, 0.0], [-4.0, 0.0]])
    >>> two_view_retrieval(first, first[[1, 0, 2, 3]])
    0.5
    >>> two_view_retrieval(np.ones((4, 2)), np.ones((4, 2)))  # collapsed: chance
    0.25

    Args:
        first: float [pictures, features] of the first views, of at least 2 pictures.
        second: float [pictures, features], row i of the same picture as row i of `first`.

    Returns:
        A share in [0, 1]. Chance is 1 / pictures: compare values of the same number of pictures. It
        does not change if both tables are scaled, shifted or rotated.

    Raises:
        ValueError: fewer than 2 rows; tables that are not finite or not of one shape.
    """
    one, other = pair_of_tables(first, second)
    table_of_several("first", one)
    centre = (one.mean(axis=0) + other.mean(axis=0)) / 2
    one, other = unit_rows(one - centre), unit_rows(other - centre)
    return (_found(one, other) + _found(other, one)) / 2


def _found(queries: np.ndarray, gallery: np.ndarray) -> float:
    """The share of queries whose nearest row of the gallery is their own."""
    found = 0.0
    for start in range(0, len(queries), ROWS_AT_ONCE):
        similarity = queries[start : start + ROWS_AT_ONCE] @ gallery.T
        own = np.diagonal(similarity, offset=start)[:, None]
        nearer = (similarity > own + TIED).any(axis=1)
        tied = (np.abs(similarity - own) <= TIED).sum(axis=1)
        found += np.sum(~nearer / tied)
    return float(found / len(queries))
