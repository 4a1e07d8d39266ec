"""Cross-group retrieval: find the same thing in other groups (in other vendors' drawings).

Every row is a query; its gallery is the rows of all other groups. It needs no classes and trains
nothing, and features that encode the group's style instead of the thing fail it.
"""

import numpy as np

from tf_simclr.evaluation.neighbours import cosine_neighbours
from tf_simclr.evaluation.tables import feature_table, row_values


def retrieval_at_k(
    features: np.ndarray, identities: np.ndarray, groups: np.ndarray, *, k: int = 1
) -> float:
    """The share of queries with the same identity among their k nearest rows of other groups.

    The similarity is the cosine of features centred by their mean over all rows. Without centring,
    raw pixels of pictures on white would be compared by their common background, an unfairly weak
    baseline; all features are treated alike.

    Args:
        features: float [rows, features].
        identities: [rows], what the row shows (the emoji).
        groups: [rows], whose picture it is (the vendor).
        k: how many of the nearest rows count.

    Returns:
        Recall at k in [0, 1] over the queries whose identity occurs in another group at all.

    Raises:
        ValueError: k below 1 or more than a query's gallery; no identity in two groups; tables
            that do not fit together or are not finite.
    """
    features = feature_table("features", features)
    identities = row_values("identities", identities, len(features))
    groups = row_values("groups", groups, len(features))
    _check_k(k, groups)
    asked = _answerable(identities, groups)
    if not asked.any():
        raise ValueError(
            "`groups` must show at least one identity in two groups. Received: groups with "
            f"{len(np.unique(groups))} distinct values over {len(np.unique(identities))} "
            "identities. Leave retrieval out for such data."
        )
    found = nearest(features, k=k, groups=groups)[asked]  # [asked, k]
    return float(np.mean((identities[found] == identities[asked, None]).any(axis=1)))


def nearest(features: np.ndarray, *, k: int, groups: np.ndarray | None = None) -> np.ndarray:
    """The k nearest rows of every row, nearest first, by the similarity of retrieval_at_k.

    Args:
        features: float [rows, features].
        k: neighbours a row.
        groups: [rows]; a row's own group is left out. None: only the row itself is.

    Returns:
        int64 [rows, k].

    Raises:
        ValueError: k below 1 or more than the rows that remain; tables that do not fit together or
            are not finite.
    """
    features = feature_table("features", features)
    if groups is None:
        groups = np.arange(len(features))  # Each row is its own group.
    groups = row_values("groups", groups, len(features))
    _check_k(k, groups)
    centred = features - features.mean(axis=0, dtype=np.float64).astype(np.float32)
    found, _ = cosine_neighbours(centred, centred, k=k, query_groups=groups, gallery_groups=groups)
    return found


def _check_k(k: int, groups: np.ndarray) -> None:
    """Checks k against the smallest gallery: the rows outside the largest group."""
    smallest = len(groups) - int(np.unique(groups, return_counts=True)[1].max())
    if not 1 <= k <= smallest:
        raise ValueError(
            f"`k` must be between 1 and the smallest gallery ({smallest} rows outside the largest "
            f"group). Received: k={k}. Ask for fewer neighbours, or give more rows or groups."
        )


def _answerable(identities: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Marks the rows whose identity occurs in another group, too: bool [rows]."""
    _, identity = np.unique(identities, return_inverse=True)
    _, group = np.unique(groups, return_inverse=True)
    pairs = np.unique(np.stack([identity, group]), axis=1)  # [2, distinct (identity, group) pairs]
    return np.bincount(pairs[0])[identity] > 1
