"""Decodes pictures of all formats that a folder may hold to RGB on white."""

import io
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from PIL import Image

from tf_simclr.data import pillow_formats

_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"  # The chunks follow it.
# Readers of pictures: for every host, for hosts that run this program, and for one host only.
TENSORFLOW, PILLOW, RARE = "tensorflow", "pillow", "rare"
# Equal to Pillow; TensorFlow's own default is off by up to 5 levels.
_ACCURATE = "INTEGER_ACCURATE"
# Pixels. Colours stored at half the resolution are interpolated from their neighbours: without them
# the rectangle's border would be off by tens of levels.
_CHROMA_REACH = 2


def decode_picture(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a picture of any format, by its content; of an animation the first frame.

    JPEG and PNG are decoded by TensorFlow. The others go through Pillow (see pillow_formats),
    because in TensorFlow 2.21 decode_webp corrupts the heap on animations (and is missing before
    2.20), decode_bmp returns palette indices as gray levels, and decode_gif drops transparency.

    Args:
      encoded: scalar string.

    Returns:
      uint8 [height, width, 3]; of 16 bits the upper 8.

    Raises:
      tf.errors.OpError: in graph mode, the bytes are truncated or none of these formats. (In
        eager mode Pillow's own errors are raised.)
    """
    image = tf.case(
        [
            (is_jpeg(encoded), lambda: _decode_jpeg(encoded)),
            (is_png(encoded), lambda: decode_png(encoded)),
        ],
        default=lambda: _decode_others(encoded),
    )
    return tf.ensure_shape(image, [None, None, 3])


def decode_jpeg_or_png(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a JPEG or PNG as `decode_picture` does, by operations that a SavedModel can hold.

    Args:
      encoded: scalar string.

    Returns:
      uint8 [height, width, 3]. A JPEG's EXIF orientation is ignored.

    Raises:
      tf.errors.InvalidArgumentError: the bytes are truncated or neither format.
    """
    is_a_jpeg = is_jpeg(encoded)
    size = tf.strings.length(encoded)
    known = tf.debugging.Assert(
        is_a_jpeg | is_png(encoded),
        ["`image_bytes` must be JPEG or PNG. Received another kind; bytes:", size],
    )
    with tf.control_dependencies([known]):
        image = tf.cond(is_a_jpeg, lambda: _decode_jpeg(encoded), lambda: decode_png(encoded))
    return tf.ensure_shape(image, [None, None, 3])


def decode_jpeg_windows(
    encoded: tf.Tensor, windows: Callable[[tf.Tensor], tf.Tensor], **options: Any
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes only the rectangle of a JPEG that holds some windows, and two pixels around it.

    Args:
      encoded: scalar string, a JPEG.
      windows: shape int32 [3] -> int32 [count, 4], rows of (top, left, height, width).
      **options: of tf.io.decode_jpeg.

    Returns:
      uint8 [height, width, 3], equal to that part of the whole picture, and int32 [count, 4], the
      windows' places in it.
    """
    shape = tf.io.extract_jpeg_shape(encoded)[:2]
    chosen = windows(tf.concat([shape, [3]], axis=0))
    begin = tf.maximum(tf.reduce_min(chosen[:, :2], axis=0) - _CHROMA_REACH, 0)
    end = tf.reduce_max(chosen[:, :2] + chosen[:, 2:], axis=0)
    end = tf.minimum(end + _CHROMA_REACH, shape)
    window = tf.concat([begin, end - begin], axis=0)
    pixels = tf.io.decode_and_crop_jpeg(encoded, window, channels=3, **options)
    return pixels, chosen - tf.concat([begin, [0, 0]], axis=0)


def decode_png(encoded: tf.Tensor) -> tf.Tensor:
    """Decodes a PNG of any bit depth and colour type, laid on white.

    Args:
      encoded: scalar string.

    Returns:
      uint8 [height, width, 3]; of 16 bits the upper 8.

    Raises:
      tf.errors.InvalidArgumentError: the bytes are truncated or no PNG.
    """
    rgba = tf.io.decode_png(encoded, channels=4)
    with tf.control_dependencies([rgba]):  # Anything but a PNG must fail there, not at byte 24.
        depth = tf.io.decode_raw(tf.strings.substr(encoded, 24, 1), tf.uint8)[0]

    def filled() -> tf.Tensor:
        # If no tRNS gives alpha, or one that libpng rejects, and the picture has less than 8 bits,
        # TensorFlow fills alpha with 2^bits - 1, which means opaque.
        filling = tf.bitwise.left_shift(tf.constant(1, tf.uint8), depth) - 1
        told = tf.io.decode_raw(_alpha_of_palette(encoded), tf.uint8)
        return tf.reduce_all(rgba[..., 3] == filling) & ~tf.reduce_any(told == filling)

    opaque = tf.cond(depth < 8, filled, lambda: tf.constant(False))
    return tf.cond(opaque, lambda: rgba[..., :3], lambda: composite_on_white(rgba))


def is_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    """Whether the bytes of a picture, a scalar string, begin like a JPEG's: a scalar bool."""
    return tf.strings.substr(encoded, 0, len(_JPEG)) == _JPEG


def is_png(encoded: tf.Tensor) -> tf.Tensor:
    """Whether the bytes of a picture, a scalar string, begin like a PNG's: a scalar bool."""
    return tf.strings.substr(encoded, 0, len(_PNG)) == _PNG


def decode_picture_windows(
    encoded: tf.Tensor,
    windows: Callable[[tf.Tensor], tf.Tensor],
    decode: Callable[[tf.Tensor], tf.Tensor] = decode_picture,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes what some windows need of a picture of any format; of a JPEG no more than that.

    Args:
      encoded: scalar string, as `decode` takes it.
      windows: as `decode_jpeg_windows` takes it.
      decode: decodes all but JPEGs: `decode_picture` or `decode_jpeg_or_png`.

    Returns:
      uint8 [height, width, 3] and int32 [count, 4], as `decode_jpeg_windows` does.
    """

    def whole() -> tuple[tf.Tensor, tf.Tensor]:
        picture = decode(encoded)
        return picture, windows(tf.shape(picture))

    return tf.cond(
        is_jpeg(encoded), lambda: decode_jpeg_windows(encoded, windows, dct_method=_ACCURATE), whole
    )


def composite_on_white(rgba: tf.Tensor) -> tf.Tensor:
    """Lays a picture with alpha on white: 255 - (255 - rgb) * alpha / 255, rounded.

    Args:
      rgba: uint8 [height, width, 4], not premultiplied.

    Returns:
      uint8 [height, width, 3].
    """
    rgb, alpha = rgba[..., :3], rgba[..., 3:]

    def composite() -> tf.Tensor:
        ink = (255 - tf.cast(rgb, tf.int32)) * tf.cast(alpha, tf.int32)
        return tf.cast(255 - (ink + 127) // 255, tf.uint8)

    # Most pictures are opaque, and the arithmetic costs as much as decoding.
    return tf.cond(tf.reduce_all(alpha == 255), lambda: rgb, composite)


def turn_upright(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Undoes a camera's rotation.

    Args:
      image: [height, width, channels].
      orientation: int32 scalar, the EXIF tag Orientation, 1 (upright) to 8.

    Returns:
      The picture upright; height and width are exchanged for orientations 5 to 8.
    """

    def is_one_of(*values: int) -> tf.Tensor:
        return tf.reduce_any(orientation == tf.constant(values))

    lying = is_one_of(5, 6, 7, 8)
    image = tf.cond(lying, lambda: tf.transpose(image, [1, 0, 2]), lambda: image)
    mirrored = is_one_of(2, 3, 6, 7)
    image = tf.cond(mirrored, lambda: tf.reverse(image, [1]), lambda: image)
    upside_down = is_one_of(3, 4, 7, 8)
    return tf.cond(upside_down, lambda: tf.reverse(image, [0]), lambda: image)


def read_orientation(encoded: bytes) -> int:
    """The EXIF Orientation in which `decode_picture` leaves a picture; 1 is upright."""
    try:
        with Image.open(io.BytesIO(encoded)) as picture:
            if picture.format == "TIFF":  # Pillow turns it as it reads it.
                return 1
            orientation = picture.getexif().get(0x0112, 1)
    except Exception:  # Pillow's parsers raise anything; decode_picture decides.
        return 1
    return orientation if orientation in range(1, 9) else 1


def reader_of(encoded: bytes) -> str:
    """What decodes a picture: TENSORFLOW, PILLOW or, for formats rare on the web, RARE.

    Args:
      encoded: the bytes of a picture that can be decoded.
    """
    if encoded.startswith((_JPEG, _PNG)):
        return TENSORFLOW
    with Image.open(io.BytesIO(encoded)) as picture:
        return PILLOW if picture.format in pillow_formats.ON_ALL_HOSTS else RARE


def _decode_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    return tf.io.decode_jpeg(encoded, channels=3, dct_method=_ACCURATE)


def _alpha_of_palette(encoded: tf.Tensor) -> tf.Tensor:
    """The tRNS of a PNG that can be decoded, a string; empty if a palette has no valid one.

    It is valid if it is between palette and pixels, and no longer than the palette.
    """
    palette = _find_chunk(encoded, b"PLTE", tf.constant(len(_PNG)))
    place = _find_chunk(encoded, b"tRNS", palette)
    found = tf.strings.substr(encoded, place + 4, 4) == b"tRNS"
    counts = found & (3 * _chunk_length(encoded, place) <= _chunk_length(encoded, palette))
    return tf.cond(
        counts,
        lambda: tf.strings.substr(encoded, place + 8, _chunk_length(encoded, place)),
        lambda: tf.constant(b""),
    )


def _find_chunk(encoded: tf.Tensor, kind: bytes, start: tf.Tensor) -> tf.Tensor:
    """Where a PNG's next chunk of that kind begins, from another chunk on; else its pixels."""

    def goes_on(place: tf.Tensor) -> tf.Tensor:
        kind_here = tf.strings.substr(encoded, place + 4, 4)
        return (kind_here != kind) & (kind_here != b"IDAT")

    def behind(place: tf.Tensor) -> tf.Tensor:  # length, kind, data, checksum
        return place + 12 + _chunk_length(encoded, place)

    return tf.while_loop(goes_on, lambda place: (behind(place),), [start])[0]


def _chunk_length(encoded: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    length = tf.strings.substr(encoded, place, 4)
    return tf.io.decode_raw(length, tf.int32, little_endian=False)[0]


def _decode_others(encoded: tf.Tensor) -> tf.Tensor:
    # Stateless, so that an iterator over it can be checkpointed.
    encoded = tf.convert_to_tensor(encoded)  # Python's bytes would lose NULs at their end.
    rgba = tf.numpy_function(pillow_formats.read_rgba, [encoded], tf.uint8, stateful=False)
    return composite_on_white(tf.ensure_shape(rgba, [None, None, 4]))
