"""Reads the formats that Pillow reads and TensorFlow does not, or not well."""

import functools
import io

import numpy as np
from PIL import Image

# Read on all hosts.
ON_ALL_HOSTS = ("GIF", "BMP", "WEBP")
# The rest are read on one host only: another one's Pillow may lack them, such as AVIF before 11.3.
# Left out are formats that Pillow cannot tell by first bytes, or runs a program for (EPS).
FORMATS = (*ON_ALL_HOSTS, "TIFF", "AVIF", "JPEG2000", "PPM", "QOI")
# Modes of 16-bit gray. Others, "I" and "F", do not define white.
_DEEP = ("I;16", "I;16L", "I;16B", "I;16N")


def read_rgba(encoded: bytes | np.ndarray) -> np.ndarray:
    """Reads a picture of one of FORMATS; the first of several frames or pages.

    Args:
      encoded: its bytes; in an array of one element in TensorFlow's eager mode.

    Returns:
      uint8 [height, width, 4], not premultiplied; of 16 bits the upper 8.

    Raises:
      ValueError: its numbers have no range, as those of a float TIFF.
      OSError: the bytes are truncated or none of these formats. (Pillow's parsers raise others.)
    """
    content = np.asarray(encoded, object).item()
    with Image.open(io.BytesIO(content), formats=_known_formats()) as picture:
        scaled = picture.format == "PPM" and picture.mode == "I"  # Pillow scales it to 65535.
        if picture.mode in _DEEP or scaled:  # Converting would clip it to nearly white.
            gray = (np.asarray(picture).astype(np.int64) >> 8).astype(np.uint8)
            return np.asarray(Image.fromarray(gray).convert("RGBA"))
        if picture.mode in ("I", "F"):
            raise ValueError(
                f"A picture must define white. Received: a {picture.format} of mode"
                f" {picture.mode}. Save it with 8 or 16 bits."
            )
        return np.asarray(picture.convert("RGBA"))


@functools.cache
def _known_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in FORMATS if name in Image.OPEN)
