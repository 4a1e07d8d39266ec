"""The 2-D map of a report: the pictures themselves at their places."""

import numpy as np

from tf_simclr.reporting.pictures import fit

CANVAS = 1400  # Pixels; twice what a usual screen shows, so that the map can be zoomed.
OCCUPANCY = 0.6  # Share of cells with a picture: below 1 so that clusters stay apart.
MOST_PICTURES = 2000  # Cells of 24 pixels, below which nobody recognises a picture.
LARGEST_CELL = 64  # Pixels.


def picture_map(positions: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Lays pictures on white, each in the free cell nearest to its place, so that none overlap.

    Args:
        positions: float [n, 2] in [0, 1]: x to the right, y upwards.
        pictures: uint8 [n, height, width, 3]. Of more than 2,000 every i-th is shown.

    Returns:
        uint8 [side, side, 3], side at most 1400.
    """
    shown = np.unique(np.linspace(0, len(pictures) - 1, MOST_PICTURES).round().astype(int))
    positions, pictures = positions[shown], pictures[shown]
    cells = int(np.ceil(np.sqrt(len(pictures) / OCCUPANCY)))  # A side.
    cell = min(LARGEST_CELL, CANVAS // cells)
    thumbnails = fit(pictures, cell - 2)  # A gap of two pixels.
    height, width = thumbnails.shape[1:3]
    canvas = np.full((cells * cell, cells * cell, 3), 255, np.uint8)
    for thumbnail, (column, row) in zip(thumbnails, _places(positions, cells), strict=True):
        top = row * cell + (cell - height) // 2
        left = column * cell + (cell - width) // 2
        canvas[top : top + height, left : left + width] = thumbnail
    return canvas


def _places(positions: np.ndarray, cells: int) -> np.ndarray:
    """Gives each its nearest free cell, from the middle out: int [n, 2] (column, row from top)."""
    targets = np.stack([positions[:, 0], 1 - positions[:, 1]], axis=1) * cells - 0.5
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1).reshape(-1, 2)
    taken = np.zeros(len(grid))
    places = np.empty((len(positions), 2), int)
    # Outer pictures come last: they move inwards or along the border, where there is room.
    for row in np.argsort(np.abs(positions - 0.5).max(axis=1), kind="stable"):
        nearest = np.argmin(((grid - targets[row]) ** 2).sum(axis=1) + taken)
        taken[nearest] = np.inf
        places[row] = grid[nearest]
    return places
