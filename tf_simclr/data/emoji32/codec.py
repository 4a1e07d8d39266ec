"""The data file emoji32.bin: the pictures' raw bytes, one after the other, through bzip2.

bzip2, not xz or PNG: its encoder has given the same bytes since 2000, while those of liblzma and
zlib may change with any release, and the file must be rebuilt to the same bytes. Filters as in PNG
(Paeth, differences of channels) made this data larger; xz would save 15 %.
"""

import bz2

import numpy as np

SIZE = 32
SHAPE = (SIZE, SIZE, 3)


def encode(images: np.ndarray) -> bytes:
    """Packs pictures.

    Args:
      images: uint8 [count, 32, 32, 3], RGB.

    Returns:
      The content of the data file.

    Raises:
      ValueError: `images` has another shape or dtype.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != SHAPE:
        raise ValueError(
            f"`images` must be uint8 [count, 32, 32, 3]. Received: images={images.dtype} "
            f"{list(images.shape)}"
        )
    return bz2.compress(images.tobytes(), compresslevel=9)


def decode(data: bytes, *, count: int) -> np.ndarray:
    """Unpacks what `encode` packed.

    Args:
      data: The content of the data file.
      count: How many pictures it must hold.

    Returns:
      uint8 [count, 32, 32, 3], RGB.

    Raises:
      ValueError: The file is damaged or holds another number of pictures.
    """
    try:
        raw = bz2.decompress(data)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"`data` is not a bzip2 stream: {error}. Install the package again."
        ) from error
    if len(raw) != count * SIZE * SIZE * 3:
        raise ValueError(
            f"`data` must hold {count} pictures of 32x32 RGB. Received: {len(raw)} bytes"
        )
    return np.frombuffer(raw, np.uint8).reshape(count, *SHAPE)
