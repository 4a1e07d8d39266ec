"""Rows to compare, and the gradient of a loss by central finite differences."""

from collections.abc import Callable

import numpy as np

STEP = 1e-5


def projections(images: int, dim: int, dtype=np.float64) -> np.ndarray:
    """[2 * images, dim] of a standard normal, seeded by the number of images."""
    return np.random.default_rng(images).standard_normal((2 * images, dim)).astype(dtype)


def gradient_by_differences(loss: Callable[[np.ndarray], float], at: np.ndarray) -> np.ndarray:
    """d loss / d at, of the shape of `at`, float64; off by about STEP ** 2."""
    differences = np.zeros_like(at)
    for place in np.ndindex(*at.shape):
        step = np.zeros_like(at)
        step[place] = STEP
        differences[place] = (loss(at + step) - loss(at - step)) / (2 * STEP)
    return differences
