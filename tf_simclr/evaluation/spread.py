"""Spread of normalised features: the plainest sign of collapse.

Source: Chen and He, Exploring Simple Siamese Representation Learning (arXiv 2011.10566),
section 4.1.
"""

import numpy as np

from tf_simclr.evaluation.neighbours import unit_rows
from tf_simclr.evaluation.tables import table_of_several


def feature_std(features: np.ndarray) -> float:
    """The mean standard deviation of a feature, rows scaled to length one (arXiv 2011.10566, 4.1).

    >>> feature_std(np.array([[2.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -5.0]]))  # 1 / sqrt(2)
    0.7071067811865476
    >>> feature_std(np.ones((5, 3)))  # collapsed
    0.0

    Args:
        features: float [rows, features], at least 2 rows; a row of zeros stays zero.

    Returns:
        From 0 (collapsed) to 1 / sqrt(features) (every direction alike, around 0). Higher is
        better, but features that are never negative, as after a ReLU, stay below the most. It does
        not change if rows are scaled.

    Raises:
        ValueError: fewer than 2 rows; features that are not a finite table.
    """
    return float(unit_rows(table_of_several("features", features)).std(axis=0).mean())
