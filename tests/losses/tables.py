"""Losses and gradients from tables of d loss / d product, one anchor at a time, in NumPy.

arXiv 2002.05709, table 2: the loss of an anchor u depends on products u . v alone. With c_uv its
derivative in u . v, the table's gradient in u is the sum of c_uv v; that in v is c_uv u.
"""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

# (product with the positive, products with the negatives) -> the anchor's loss, and its derivatives
# in the first and in each of the others.
OfAnchor = Callable[[float, Sequence[float]], tuple[float, float, Sequence[float]]]


def unit_rows(images: int, dim: int) -> np.ndarray:
    """[2 * images, dim] rows of length 1; second views lie near the first ones, some nearest."""
    first, noise = np.random.default_rng(images).standard_normal((2, images, dim))
    rows = np.concatenate([first, first + noise])
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def products_of(rows: np.ndarray, i: int, negatives: str, memory=()) -> tuple[float, list[float]]:
    """Of row i with its positive, and with all its negatives."""
    positive, others = _positive(i, len(rows) // 2), _others(i, len(rows) // 2, negatives)
    return rows[i] @ rows[positive], [rows[i] @ key for key in [*rows[others], *memory]]


def total(
    of_anchor: OfAnchor, rows: np.ndarray, negatives: str = "both", memory: Sequence = ()
) -> tuple[float, np.ndarray]:
    """(twice the mean over all anchors, its gradient in the rows).

    Args:
      of_anchor: the table.
      rows: [2 * images, dim], first views and then second ones, compared as they are.
      negatives: "both" views of other images, or only the "other" view than the anchor's.
      memory: further rows, negatives of every anchor.
    """
    images, loss, gradient = len(rows) // 2, 0.0, np.zeros_like(rows)
    for i, row in enumerate(rows):
        positive, others = _positive(i, images), _others(i, images, negatives)
        value, of_positive, slopes = of_anchor(*products_of(rows, i, negatives, memory))
        loss += value / images
        gradient[i] += of_positive * rows[positive] / images
        gradient[positive] += of_positive * row / images
        for slope, key in zip(slopes, [*rows[others], *memory]):
            gradient[i] += slope * key / images
        for slope, j in zip(slopes, others):
            gradient[j] += slope * row / images
    return loss, gradient


def assert_is(loss: Callable, of_anchor: OfAnchor, rows: np.ndarray, negatives: str) -> None:
    """Asserts that a loss without `hidden_norm` is a table's, and so is its gradient."""
    hidden = tf.constant(rows)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        value = loss(hidden).loss
    expected, gradient = total(of_anchor, rows, negatives)
    np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(tape.gradient(value, hidden), gradient, rtol=0, atol=1e-12)


def _positive(i: int, images: int) -> int:
    return (i + images) % (2 * images)


def _others(i: int, images: int, negatives: str) -> list[int]:
    views = (0, 1) if negatives == "both" else (1 - i // images,)
    return [
        view * images + image for view in views for image in range(images) if image != i % images
    ]
