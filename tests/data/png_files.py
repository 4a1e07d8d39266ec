"""PNG files of every kind that the standard has (ISO/IEC 15948), and what they show."""

import struct
import zlib
from typing import NamedTuple

import numpy as np

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GRAY: 1, RGB: 3, PALETTE: 1, GRAY_ALPHA: 2, RGBA: 4}
DEPTHS = {
    GRAY: (1, 2, 4, 8, 16),
    RGB: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GRAY_ALPHA: (8, 16),
    RGBA: (8, 16),
}
# First row and column, and distances of rows and of columns, of each pass.
ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)


class Kind(NamedTuple):
    """Colour type, bits of a sample, whether a tRNS chunk says what is transparent, interlace."""

    colour: int
    depth: int
    transparent: bool = False
    interlaced: bool = False


KINDS = [
    Kind(colour, depth, transparent, interlaced)
    for colour, depths in DEPTHS.items()
    for depth in depths
    for transparent in ((False, True) if colour in (GRAY, RGB, PALETTE) else (False,))
    for interlaced in (False, True)
]


def draw(kind: Kind, height: int, width: int) -> tuple[bytes, np.ndarray]:
    """A file of noise, and uint8 [height, width, 3] of what it shows on white."""
    random = np.random.default_rng(height)
    samples = random.integers(0, 2**kind.depth, (height, width, CHANNELS[kind.colour]))
    chunks, alpha = b"", None
    if kind.colour == PALETTE:
        palette = random.integers(0, 256, (2**kind.depth, 3))
        chunks += chunk(b"PLTE", palette.astype(np.uint8).tobytes())
        rgb = palette[samples[..., 0]]
        if kind.transparent:  # Of all colours but the last, which is opaque then.
            of_colour = random.integers(0, 256, 2**kind.depth - 1)
            chunks += chunk(b"tRNS", of_colour.astype(np.uint8).tobytes())
            alpha = np.append(of_colour, 255)[samples[..., 0]]
    else:
        eight = samples >> 8 if kind.depth == 16 else samples * 255 // (2**kind.depth - 1)
        colours = 1 if kind.colour in (GRAY, GRAY_ALPHA) else 3
        rgb = np.broadcast_to(eight[..., :colours], (height, width, 3))
        if kind.transparent:
            key = samples[height // 2, width // 2]
            chunks += chunk(b"tRNS", key.astype(">u2").tobytes())
            alpha = np.where((samples == key).all(axis=-1), 0, 255)
        elif kind.colour in (GRAY_ALPHA, RGBA):
            alpha = eight[..., colours]
    content = b"\x89PNG\r\n\x1a\n" + _header(kind, height, width) + chunks
    content += chunk(b"IDAT", zlib.compress(_lines(kind, samples))) + chunk(b"IEND", b"")
    return content, on_white(rgb, 255 if alpha is None else alpha[..., None])


def on_white(rgb: np.ndarray, alpha: np.ndarray | int) -> np.ndarray:
    """uint8 of 255 - (255 - rgb) * alpha / 255, rounded; both int, from 0 to 255."""
    return (255 - ((255 - rgb) * alpha + 127) // 255).astype(np.uint8)


def _header(kind: Kind, height: int, width: int) -> bytes:
    fields = (width, height, kind.depth, kind.colour, 0, 0, kind.interlaced)
    return chunk(b"IHDR", struct.pack(">2I5B", *fields))


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk as it lies in a file: length, kind, data, checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _lines(kind: Kind, samples: np.ndarray) -> bytes:
    passes = ADAM7 if kind.interlaced else ((0, 0, 1, 1),)
    parts = (samples[top::rows, left::columns] for top, left, rows, columns in passes)
    return b"".join(
        b"\0" + _packed(line, kind.depth) for part in parts if part.size for line in part
    )


def _packed(line: np.ndarray, depth: int) -> bytes:
    if depth == 16:
        return line.astype(">u2").tobytes()
    bits = np.unpackbits(line.astype(np.uint8).reshape(-1, 1), axis=1)[:, 8 - depth :]
    return np.packbits(bits).tobytes()
