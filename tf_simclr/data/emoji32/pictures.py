"""A vendor's picture -> 32x32 RGB on white, in whole numbers: the same bytes on every machine.

Each output pixel is the mean of its block (2x2 of 64, 8x8 of 256) after compositing, so edges are
smooth and no resampling filter rings around them. Only the decoding is Pillow's.
"""

import io

import numpy as np
from PIL import Image

from tf_simclr.data.emoji32.codec import SIZE

MODES = ("RGBA", "LA", "P")


def shrink_on_white(rgba: np.ndarray) -> np.ndarray:
    """Composites on white and shrinks.

    Args:
      rgba: uint8 [32 * factor, 32 * factor, 4], straight (not premultiplied) alpha.

    Returns:
      uint8 [32, 32, 3], each the rounded mean of a block.
    """
    factor = rgba.shape[0] // SIZE
    color, alpha = rgba[..., :3].astype(np.int64), rgba[..., 3:].astype(np.int64)
    on_white = color * alpha + 255 * (255 - alpha)  # times 255
    sums = on_white.reshape(SIZE, factor, SIZE, factor, 3).sum((1, 3))
    unit = 255 * factor * factor
    return ((sums + unit // 2) // unit).astype(np.uint8)


def read_picture(data: bytes, *, name: str, size: int) -> np.ndarray:
    """Decodes and shrinks one picture, and checks its size and mode.

    Args:
      data: A PNG or WebP file.
      name: Of the file, for the error.
      size: Width and height in pixels, a multiple of 32.

    Returns:
      uint8 [32, 32, 3].

    Raises:
      ValueError: Another size or mode, or something drawn in the 4 rows that are cut off.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if picture.mode not in MODES:
            raise ValueError(f"`{name}` must have a mode of {MODES}. Received: {picture.mode}")
        rgba = np.asarray(picture.convert("RGBA"))
    if rgba.shape == (size + 8, size, 4) and not rgba[:4, :, 3].any() and not rgba[-4:, :, 3].any():
        rgba = rgba[4:-4]  # Two of Fluent's pictures have 4 empty rows too many at either end.
    if rgba.shape != (size, size, 4):
        raise ValueError(f"`{name}` must be {size}x{size}. Received: {rgba.shape}")
    return shrink_on_white(rgba)
