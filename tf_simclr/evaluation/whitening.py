"""PCA whitening: one linear map after which every direction of the features varies alike.

Nearest neighbours then depend on all directions, not on the few that vary most (Jegou and Chum,
Negative evidences and co-occurences in image retrieval: the benefit of PCA and whitening, ECCV
2012, section 3).
"""

from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA

# Added to each variance, as a share of the largest: directions below it stay short, as what they
# hold is mostly noise. 1e-1, 1e-2 and 1e-3 were tried on a part of emoji32's training split.
SHRINKAGE = 1e-3
MOST = 1024  # directions that are kept, those that vary most: the map of a wide network stays small
# Features up to which all directions are found exactly: the covariance of more takes minutes.
EXACT = 4096


class Whitening(NamedTuple):
    """A linear map x -> (x - mean) @ projection.

    Attributes:
      mean: float32 [features].
      projection: float32 [features, kept]; the first column is the direction that varied most.
    """

    mean: np.ndarray
    projection: np.ndarray

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Whitens vectors, float [n, features]: float32 [n, kept]."""
        return (np.asarray(vectors, np.float32) - self.mean) @ self.projection


def fit(vectors: np.ndarray, *, shrinkage: float = SHRINKAGE, most: int = MOST) -> Whitening:
    """The whitening of some vectors, without their labels.

    >>> drawn = np.random.default_rng(0).normal(size=[1000, 2]) * [10, 1]
    >>> fit(drawn, shrinkage=0)(drawn).std(axis=0).round(3).tolist()
    [1.0, 1.0]

    Args:
      vectors: float [n, features], n >= 2; of the training pictures.
      shrinkage: see SHRINKAGE; >= 0.
      most: directions that are kept, at most; >= 1.

    Returns:
      A Whitening that keeps the directions in which the vectors vary.

    Raises:
      ValueError: for fewer than two vectors, or vectors that are all alike.
    """
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or len(vectors) < 2:
        raise ValueError(
            "`vectors` must be a table of at least two rows. Received: vectors of shape"
            f" {vectors.shape}."
        )
    if not np.ptp(vectors, axis=0).any():
        raise ValueError("`vectors` must differ. Received: vectors that are all alike.")
    solver = "covariance_eigh" if vectors.shape[1] <= EXACT else "randomized"
    axes = PCA(min(most, *vectors.shape), svd_solver=solver, random_state=0)
    axes.fit(vectors.astype(np.float64))
    variances = axes.explained_variance_ * (1 - 1 / len(vectors))  # Of a sample that is all.
    kept = variances > 1e-9 * variances[0]  # Below it is what rounding leaves.
    scale = np.sqrt(variances[kept] + shrinkage * variances[0])
    projection = (axes.components_[kept].T / scale).astype(np.float32)
    return Whitening(axes.mean_.astype(np.float32), projection)
