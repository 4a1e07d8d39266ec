"""Pictures inside a page: sheets that hold many pictures in one WebP file, and their tiles."""

import base64
import dataclasses
import io
import math

import numpy as np
from PIL import Image

# What is tried until a sheet is small enough: the longest side in pixels, and WebP's quality, of
# which 100 keeps every pixel. The codec works in blocks of 16 pixels: such tiles do not run over.
STEPS = ((96, 100), (96, 85), (48, 100), (48, 90), (48, 75), (48, 50), (32, 50), (32, 25), (16, 25))

SAMPLE = 64  # Pictures by which the size of a file is guessed,
SURELY_MORE = 1.3  # and how far above its bound the guess must be to be believed.


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
class Sheet:
    """Pictures of one size in one WebP file, row by row.

    Attributes:
        data: the file.
        count: how many pictures it has.
        columns: pictures in a row.
        height: of a picture, in pixels.
        width: of a picture, in pixels.
    """

    data: bytes
    count: int
    columns: int
    height: int
    width: int

    @classmethod
    def of(cls, pictures: np.ndarray, *, most_bytes: int, columns: int | None = None) -> "Sheet":
        """Makes a sheet as sharp as fits.

        Args:
            pictures: uint8 [n, height, width, 1 or 3].
            most_bytes: of the file. If even the smallest form has more, it is taken.
            columns: pictures in a row; None makes the sheet about square.

        Raises:
            ValueError: pictures that are not like that.
        """
        pictures = rgb("pictures", pictures)
        count, longest = len(pictures), max(pictures.shape[1:3])
        across = columns or math.ceil(math.sqrt(count))
        sample = pictures[np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)]
        steps = list(dict.fromkeys((min(side, longest), good) for side, good in STEPS))
        for step in steps:
            expected = len(_packed(sample, step, 8)[0]) * count / len(sample)
            if expected > SURELY_MORE * most_bytes and step != steps[-1]:
                continue  # Thousands of pictures take seconds to pack.
            data, small = _packed(pictures, step, across)
            if len(data) <= most_bytes:
                break
        return cls(data, count, across, *small.shape[1:3])

    @property
    def rows(self) -> int:
        """How many rows of pictures it has."""
        return math.ceil(self.count / self.columns)

    @property
    def uri(self) -> str:
        """The file as a data: URI."""
        return "data:image/webp;base64," + base64.b64encode(self.data).decode()

    def css(self, name: str) -> str:
        """The rule that gives the tiles inside of the class `name` their picture and aspect."""
        return (
            f".{name} .tile{{background-image:url({self.uri});"
            f"background-size:{100 * self.columns}% {100 * self.rows}%;"
            f"aspect-ratio:{self.width}/{self.height};"
            # Small pictures are enlarged in sharp pixels, large ones are shrunk smoothly.
            f"image-rendering:{'pixelated' if max(self.height, self.width) <= 48 else 'auto'}}}"
        )

    def tile(self, place: int, marks: str = "", title: str = "") -> str:
        """One picture as an element.

        Args:
            place: of the picture in the sheet.
            marks: further CSS classes.
            title: its tooltip, as HTML; "" for none.
        """
        row, column = divmod(place, self.columns)
        x = 100 * column / max(1, self.columns - 1)
        y = 100 * row / max(1, self.rows - 1)
        kind, tooltip = f"tile {marks}".strip(), f' title="{title}"' if title else ""
        return f'<i class="{kind}"{tooltip} style="background-position:{x:.4g}% {y:.4g}%"></i>'


def _grid(pictures: np.ndarray, columns: int) -> np.ndarray:
    """uint8 [n, height, width, 3] -> [rows * height, columns * width, 3]; white at the end."""
    count, height, width, channels = pictures.shape
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = pictures
    cells = cells.reshape(rows, columns, height, width, channels)
    return cells.transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)


def _packed(pictures: np.ndarray, step: tuple[int, int], columns: int) -> tuple[bytes, np.ndarray]:
    """Pictures as one file, of (longest side, quality), and as they are in it."""
    small = fit(pictures, step[0])
    return _webp(_grid(small, columns), step[1]), small


def _webp(picture: np.ndarray, quality: int) -> bytes:
    file = io.BytesIO()
    options = {"lossless": True} if quality == 100 else {"quality": quality}
    Image.fromarray(picture).save(file, "WEBP", method=3, **options)
    return file.getvalue()
