"""How far an exported file's features are from the network's."""

import dataclasses

import numpy as np
import tensorflow as tf

from tf_simclr.exporting.trained_network import TrainedNetwork


@dataclasses.dataclass(frozen=True)
class Parity:
    """How near two tables of features are.

    Attributes:
      largest_difference: of any element, as a share of the largest element.
      cosine: the smallest cosine between a row of one and the same row of the other.
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


def told(path: str, found: np.ndarray, network: TrainedNetwork, images: np.ndarray) -> str:
    """An exported file's size, and how near its features are to the network's, for the card.

    Args:
      path: of the file.
      found: its features [batch, n] of `images`.
      network: the one it was made from.
      images: float32 [batch, h, w, 3] in [0, 1].
    """
    near = parity(network.features(tf.constant(images))["features"].numpy(), found)
    size = tf.io.gfile.stat(path).length
    return (
        f"{size / 1e6:.1f} MB; features differ by at most {near.largest_difference:.1e} of the"
        f" largest, cosine at least {near.cosine:.4f}"
    )
