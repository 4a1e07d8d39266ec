"""Nearest rows by cosine similarity, in chunks: the search behind kNN, retrieval and the report."""

import numpy as np

SIMILARITIES_AT_ONCE = 4_000_000  # float32: 16 MB a chunk, whatever the sizes of the tables.


def unit_rows(features: np.ndarray) -> np.ndarray:
    """Scales every row to length one.

    Args:
        features: float32 or float64 [rows, features].

    Returns:
        The same dtype and shape; a row of zeros stays zero, and so is similar to nothing.
    """
    norm = np.linalg.norm(features, axis=1, keepdims=True)
    return features / np.where(norm > 0, norm, 1)


def cosine_neighbours(
    queries: np.ndarray,
    gallery: np.ndarray,
    *,
    k: int,
    query_groups: np.ndarray | None = None,
    gallery_groups: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """The k rows of the gallery nearest to each query, nearest first.

    Args:
        queries: float32 [queries, features].
        gallery: float32 [gallery, features].
        k: neighbours a query, 1..gallery.
        query_groups: [queries]; rows of a query's own group are left out. None: no groups.
        gallery_groups: [gallery], given together with query_groups.

    Returns:
        int64 [queries, k] rows of the gallery, and float32 [queries, k] their cosine similarity;
        -inf marks places left empty if there are fewer than k rows of other groups.
    """
    queries, gallery = unit_rows(queries), unit_rows(gallery)
    indices = np.empty((len(queries), k), np.int64)
    similarities = np.empty((len(queries), k), np.float32)
    chunk = max(1, SIMILARITIES_AT_ONCE // len(gallery))
    for start in range(0, len(queries), chunk):
        rows = slice(start, start + chunk)
        similarity = queries[rows] @ gallery.T  # [chunk, gallery]
        if query_groups is not None and gallery_groups is not None:
            similarity[query_groups[rows, None] == gallery_groups[None, :]] = -np.inf
        indices[rows], similarities[rows] = _largest(similarity, k)
    return indices, similarities


def _largest(similarity: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k largest of each row in falling order: a partition first, then a sort of only k."""
    columns = similarity.shape[1]
    top = np.argpartition(similarity, columns - k, axis=1)[:, columns - k :]
    values = np.take_along_axis(similarity, top, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1), np.take_along_axis(values, order, axis=1)
