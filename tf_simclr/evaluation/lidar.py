"""LiDAR: how many directions tell pictures apart in spite of their augmentations.

Source: Thilak et al., LiDAR: Sensing Linear Probing Performance in Joint Embedding SSL
Architectures (arXiv 2312.04000), section 3.
"""

import numpy as np
from scipy import linalg  # scikit-learn itself depends on it.

from tf_simclr.evaluation.rank import effective_rank
from tf_simclr.evaluation.tables import feature_table

DELTA = 1e-4  # The paper, section 3: keeps the scatter within pictures invertible.
# Of the features' mean square: below, pictures differ by the rounding of float32 only.
NOISE = 1e-12


def lidar(views: np.ndarray) -> float:
    """LiDAR (arXiv 2312.04000, section 3, equations 1 to 4). Higher is better.

    Each picture is a class of a linear discriminant analysis, and its views are the members:

        S_b = covariance of the means of pictures
        S_w = mean covariance of the views of a picture + 1e-4 I
        l = eigenvalues of S_w^-1/2 S_b S_w^-1/2,  p = l / sum(l) + 1e-7,  LiDAR = exp(-sum p log p)

    Three pictures in a plane, at equal distances; the four views of each differ by a little:

    >>> pictures = np.array([[1.0, 0.0], [-0.5, 0.75**0.5], [-0.5, -(0.75**0.5)]])
    >>> views = 0.1 * np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    >>> round(lidar(pictures[:, None] + views), 2)
    2.0

    Args:
        views: float [pictures, views, features], at least 2 pictures of at least 2 views. The paper
            takes 1,000 pictures of 50 views.

    Returns:
        From 1 (one direction tells them apart, or none does) to min(features, pictures - 1); 1e-7
        may add a thousandth of it. It does not change if all are rotated or shifted. Scaling
        changes it as far as the views of a picture differ by no more than the square root of 1e-4.

    Raises:
        ValueError: not three axes; fewer than 2 pictures or 2 views; a value that is not finite.
    """
    table = np.asarray(views, np.float64)
    if table.ndim != 3 or min(table.shape[:2]) < 2 or not table.shape[2]:
        raise ValueError(
            "`views` must be [pictures, views, features] of at least 2 pictures and 2 views. "
            f"Received: views.shape={table.shape}. Put the views of each picture into one row."
        )
    pictures, count, width = table.shape
    rows = feature_table("views", table.reshape(pictures * count, width), np.float64)
    means = table.mean(axis=1)  # [pictures, features]
    between = (means - means.mean(axis=0)) / np.sqrt(pictures - 1)  # S_b = between^T between
    if np.square(between).sum() <= NOISE * np.square(rows).sum() / len(rows):
        return 1.0
    apart = (table - means[:, None]).reshape(rows.shape)
    within = apart.T @ apart / (pictures * (count - 1)) + DELTA * np.eye(width)
    # S_w = L L^T: a = L^-1 between^T gives a a^T the same eigenvalues, and so do a^T a and the
    # squares of a's singular values. The others of them are 0.
    factor = linalg.cholesky(within, lower=True)
    whitened = linalg.solve_triangular(factor, between.T, lower=True)
    return effective_rank(np.square(linalg.svdvals(whitened)))
