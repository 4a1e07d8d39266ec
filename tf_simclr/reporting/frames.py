"""Frames drawn on pictures, around parts of them."""

import numpy as np


def frame(
    picture: np.ndarray, box: tuple[int, int, int, int], color: tuple[int, int, int], *, width: int
) -> np.ndarray:
    """A copy of a picture with a frame along the inside of a box.

    Args:
        picture: uint8 [height, width, 3].
        box: (top, left, height, width) in pixels; its part beyond the picture is lost.
        color: red, green and blue, 0 to 255.
        width: of the frame, in pixels.
    """
    top, left, height, across = box
    rows, columns = np.ogrid[: picture.shape[0], : picture.shape[1]]

    def inside(margin: int) -> np.ndarray:
        down = (rows >= top + margin) & (rows < top + height - margin)
        return down & (columns >= left + margin) & (columns < left + across - margin)

    ring = inside(0) & ~inside(width)
    return np.where(ring[..., np.newaxis], np.array(color, np.uint8), picture)
