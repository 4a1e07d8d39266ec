"""A 2-D map of features in which neighbours stay neighbours: t-SNE, or PCA for a handful of rows.

Source: van der Maaten and Hinton, Visualizing Data using t-SNE (JMLR 9, 2008).
"""

import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from threadpoolctl import threadpool_limits  # scikit-learn itself depends on it.

from tf_simclr.evaluation.neighbours import unit_rows
from tf_simclr.evaluation.tables import feature_table

COMPONENTS = 50  # Customary before t-SNE; it makes 3,072 pixels as fast as 256 features.
PERPLEXITY = 30.0  # The paper, section 3: 5 to 50.
FEWEST_ROWS = 91  # t-SNE weighs 3 * perplexity neighbours of each row.


def layout_2d(features: np.ndarray, *, seed: int) -> np.ndarray:
    """Lays rows out in the unit square, similar ones near each other.

    Rows are scaled to length one, so that distance follows the cosine, reduced to 50 principal
    components and laid out by t-SNE; up to 90 rows are laid out by their first two components.

    Args:
        features: float [rows, features].
        seed: the same seed, features and machine give the same map.

    Returns:
        float32 [rows, 2] in [0, 1], each axis stretched to fill it. Features that do not differ
        (a collapsed encoder) are all in the middle.

    Raises:
        ValueError: features that are not a finite table.
    """
    unit = unit_rows(feature_table("features", features))
    if np.ptp(unit, axis=0).max() < 1e-6:  # float32 noise: principal components mean nothing.
        return np.full((len(unit), 2), 0.5, np.float32)
    components = min(COMPONENTS, *unit.shape)
    # One thread, so that sums do not depend on the number of cores. On a busy machine OpenMP's
    # threads also wait for each other ten times longer than they work.
    with threadpool_limits(1):
        reduced = PCA(components, random_state=seed).fit_transform(unit)
        if len(unit) < FEWEST_ROWS or components < 2:
            return _fill_square(np.pad(reduced, ((0, 0), (0, 1)))[:, :2])
        t_sne = TSNE(perplexity=PERPLEXITY, init="pca", learning_rate="auto", random_state=seed)
        return _fill_square(t_sne.fit_transform(reduced))


def _fill_square(map_2d: np.ndarray) -> np.ndarray:
    """Stretches each axis to [0, 1]; on an axis without extent all are in the middle."""
    low, extent = map_2d.min(axis=0), np.ptp(map_2d, axis=0)
    filled = (map_2d - low) / np.where(extent > 0, extent, 1)
    return np.where(extent > 0, filled, 0.5).astype(np.float32)
