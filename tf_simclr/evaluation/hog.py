"""Histograms of oriented gradients and of colours: what pictures tell without any learning.

Dalal and Triggs, Histograms of Oriented Gradients for Human Detection (CVPR 2005), section 6. The
gradients' part is scikit-image's, of the extra `hog`.
"""

import importlib.util

import numpy as np

from tf_simclr.evaluation.neighbours import unit_rows

EXTRA = "hog"  # of setup.py
# Chosen by their scores on a part of emoji32's training split that shows other emoji.
SIDE = 48  # pixels; pictures are scaled to it
# Dalal and Triggs: nine orientations, blocks of 2 x 2 cells, each normalised by itself.
ORIENTATIONS, BLOCK = 9, 2
CELLS = 6
BINS, COLOUR_CELLS = 4, 4


def installed() -> bool:
    """Whether the extra `hog` is."""
    return importlib.util.find_spec("skimage") is not None


def features(pictures: np.ndarray, *, cells: int = CELLS) -> np.ndarray:
    """Histograms of gradients and of colours side by side, each part of length 1.

    Args:
      pictures: float [batch, side, side, 3] in [0, 1].
      cells: of the gradients, on each side of a picture; those of the colours are COLOUR_CELLS.

    Returns:
      float32 [batch, features].

    Raises:
      ModuleNotFoundError: without the extra `hog`.
    """
    parts = (
        gradient_histograms(pictures, cells=cells),
        colour_histograms(pictures, bins=BINS, cells=COLOUR_CELLS),
    )
    return np.concatenate([unit_rows(part) for part in parts], axis=1)


def gradient_histograms(pictures: np.ndarray, *, cells: int) -> np.ndarray:
    """Histograms of the directions of gradients, cell by cell, normalised in blocks of 2 x 2 cells.

    A pixel's gradient is that of the colour channel where it is largest.

    Args:
      pictures: float [batch, side, side, 3] in [0, 1].
      cells: on each side of a picture, at least 2 and at most a third of `side`.

    Returns:
      float32 [batch, (cells - 1)^2 * 36].

    Raises:
      ModuleNotFoundError: without the extra `hog`.
    """
    from skimage.feature import hog

    cell = pictures.shape[1] // cells

    def one(picture: np.ndarray) -> np.ndarray:
        return hog(
            picture,
            orientations=ORIENTATIONS,
            pixels_per_cell=(cell, cell),
            cells_per_block=(BLOCK, BLOCK),
            channel_axis=-1,
        )

    return np.stack([one(picture) for picture in pictures]).astype(np.float32)


def colour_histograms(pictures: np.ndarray, *, bins: int, cells: int) -> np.ndarray:
    """The share of each colour in each cell of a grid, as its square root.

    The root is Hellinger's kernel: rare colours count, and each cell's vector has length 1.

    Args:
      pictures: float [batch, side, side, 3] in [0, 1].
      bins: of equal width, for each of the three channels.
      cells: on each side of a picture.

    Returns:
      float32 [batch, cells^2 * bins^3].
    """
    batch, side = pictures.shape[:2]
    levels = np.minimum((np.clip(pictures, 0, 1) * bins).astype(int), bins - 1)
    colours = (levels * [bins * bins, bins, 1]).sum(axis=-1)  # [batch, side, side]
    places = np.arange(side) * cells // side
    cell_of = places[:, None] * cells + places  # [side, side]
    size = cells**2 * bins**3
    flat = (np.arange(batch)[:, None, None] * size) + cell_of * bins**3 + colours
    counts = np.bincount(flat.ravel(), minlength=batch * size).reshape(batch, cells**2, bins**3)
    shares = counts / counts.sum(axis=-1, keepdims=True)
    return np.sqrt(shares).reshape(batch, size).astype(np.float32)
