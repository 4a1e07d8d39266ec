"""Pictures inside a page: PNG data URIs, and sprite sheets that hold a whole grid in one PNG."""

import base64
import dataclasses
import io

import numpy as np
from PIL import Image

LARGEST_SIDE = 64  # Pixels of a picture in a sheet: a grid of photographs stays below 1 MB.


def rgb(name: str, pictures: np.ndarray) -> np.ndarray:
    """Checks pictures and gives gray ones three channels.

    Args:
        name: the argument's name, for the message.
        pictures: uint8 [..., height, width, channels], 1 or 3 channels.

    Returns:
        uint8 [..., height, width, 3].

    Raises:
        ValueError: another dtype, fewer axes, no pixels, or another number of channels.
    """
    array = np.asarray(pictures)
    if (
        array.dtype != np.uint8
        or array.ndim < 3
        or array.shape[-1] not in (1, 3)
        or 0 in array.shape
    ):
        raise ValueError(
            f"`{name}` must be uint8 [..., height, width, 1 or 3 channels] and not empty. "
            f"Received: {name}={array.dtype} {list(array.shape)}. Convert pictures in [0, 1] by "
            "(255 * pictures).round().astype('uint8'); give None for no pictures."
        )
    return np.repeat(array, 3, axis=-1) if array.shape[-1] == 1 else array


def png_uri(picture: np.ndarray, *, palette: bool = False) -> str:
    """Encodes a picture as the data: URI of a PNG.

    Args:
        picture: uint8 [height, width, 3].
        palette: keep only its best 256 colours, for a third of the size.

    Returns:
        "data:image/png;base64,...".
    """
    file = io.BytesIO()
    image = Image.fromarray(picture)
    if palette:
        image = image.quantize(256, dither=Image.Dither.NONE)
    image.save(file, "PNG", compress_level=9)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def fit(pictures: np.ndarray, side: int) -> np.ndarray:
    """Shrinks pictures, keeping their aspect, until no side is longer than `side`.

    Args:
        pictures: uint8 [n, height, width, 3].
        side: pixels. Smaller pictures are left as they are.

    Returns:
        uint8 [n, new height, new width, 3].
    """
    height, width = pictures.shape[1:3]
    scale = side / max(height, width)
    if scale >= 1:
        return pictures
    size = max(1, round(width * scale)), max(1, round(height * scale))  # Pillow: width first.
    resized = [Image.fromarray(p).resize(size, Image.Resampling.LANCZOS) for p in pictures]
    return np.stack([np.asarray(picture) for picture in resized])


@dataclasses.dataclass(frozen=True)
class SpriteSheet:
    """A grid of pictures of one size in one PNG, shown as tiles that wrap with the page.

    Attributes:
        name: its CSS class, unique in the page.
        grid: uint8 [rows, columns, height, width, 3].
    """

    name: str
    grid: np.ndarray

    @classmethod
    def of(cls, name: str, pictures: np.ndarray) -> "SpriteSheet":
        """Makes a sheet of pictures of any size: uint8 [rows, columns, height, width, 3]."""
        rows, columns = pictures.shape[:2]
        small = fit(pictures.reshape(-1, *pictures.shape[2:]), LARGEST_SIDE)
        return cls(name, small.reshape(rows, columns, *small.shape[1:]))

    def css(self) -> str:
        """The rule that gives the sheet's tiles their picture and aspect."""
        rows, columns, height, width, channels = self.grid.shape
        sheet = self.grid.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)
        return (
            f".{self.name} .tile{{background-image:url({png_uri(sheet)});"
            f"background-size:{100 * columns}% {100 * rows}%;aspect-ratio:{width}/{height}}}"
        )

    def tile(self, row: int, column: int, marks: str = "") -> str:
        """One picture as an element; `marks` are further CSS classes."""
        rows, columns = self.grid.shape[:2]
        x = 100 * column / max(1, columns - 1)
        y = 100 * row / max(1, rows - 1)
        kind = f"tile {marks}".strip()
        return f'<i class="{kind}" style="background-position:{x:.4f}% {y:.4f}%"></i>'
