"""How far what an exported file gives is from what the network gives."""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Parity:
    """Two tables of features beside each other.

    Attributes:
      largest_difference: of any element, as a share of the largest element.
      cosine: the smallest cosine of a row of one and the same row of the other.
    """

    largest_difference: float
    cosine: float


def parity(expected: np.ndarray, found: np.ndarray) -> Parity:
    """Compares features [rows, features] row by row, in float64."""
    expected, found = expected.astype(np.float64), found.astype(np.float64)
    lengths = np.linalg.norm(expected, axis=1) * np.linalg.norm(found, axis=1)
    cosines = np.sum(expected * found, axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny)
    largest = np.abs(expected - found).max() / np.abs(expected).max()
    return Parity(float(largest), float(cosines.min()))
