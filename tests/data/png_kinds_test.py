"""Every kind of PNG shows what the standard says, wherever pictures are decoded."""

import io
import zlib

import numpy as np
import png_files
import pytest
import tensorflow as tf
from PIL import Image
from png_files import GRAY, KINDS, PALETTE, Kind

from tf_simclr.data import decoding

SIZES = [(11, 13), (1, 5)]


def in_a_graph(decode):
    return tf.function(decode, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)


@pytest.fixture(scope="module")
def decode_picture():
    return in_a_graph(decoding.decode_picture)


@pytest.fixture(scope="module")
def decode_window():
    """The middle rectangle, and the picture that it was decoded of."""

    def windows(shape):
        quarter = shape[:2] // 4
        return tf.concat([quarter, shape[:2] - 2 * quarter], axis=0)[None]

    return in_a_graph(lambda encoded: decoding.decode_picture_windows(encoded, windows))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """What an export decodes by, saved and loaded again."""
    module, folder = tf.Module(), str(tmp_path_factory.mktemp("module"))
    module.decode = in_a_graph(decoding.decode_jpeg_or_png)
    tf.saved_model.save(module, folder)
    return tf.saved_model.load(folder).decode


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_it_shows_what_the_standard_says(decode_picture, decode_window, exported, kind):
    for height, width in SIZES:
        content, shown = png_files.draw(kind, height, width)
        np.testing.assert_array_equal(decode_picture(content), shown)
        np.testing.assert_array_equal(exported(content), shown)
        picture, ((top, left, rows, columns),) = decode_window(content)
        assert (top, left) == (height // 4, width // 4)
        part = np.s_[top : top + rows, left : left + columns]
        np.testing.assert_array_equal(picture[part], shown[part])


def pillow_differs(kind):
    """It tells transparent grays of 2 and 4 bits, and colours of 16, apart by 8 bits."""
    return kind.depth == 16 or (kind.colour == GRAY and kind.transparent and kind.depth in (2, 4))


@pytest.mark.parametrize("kind", [kind for kind in KINDS if not pillow_differs(kind)], ids=str)
def test_pillow_says_the_same(kind):
    content, shown = png_files.draw(kind, 11, 13)
    with Image.open(io.BytesIO(content)) as picture:
        rgba = np.asarray(picture.convert("RGBA")).astype(int)
    np.testing.assert_array_equal(png_files.on_white(rgba[..., :3], rgba[..., 3:]), shown)


@pytest.mark.parametrize("colours", [2, 4, 16])
def test_a_palette_that_pillow_writes(decode_picture, colours):
    pixels = np.random.default_rng(colours).integers(0, 256, (9, 8, 3), np.uint8)
    picture, buffer = Image.fromarray(pixels).quantize(colours), io.BytesIO()
    picture.save(buffer, "PNG", bits=int(np.log2(colours)))
    np.testing.assert_array_equal(decode_picture(buffer.getvalue()), picture.convert("RGB"))


def test_colours_that_spell_the_name_of_a_chunk_are_none(decode_picture):
    content, _ = png_files.draw(Kind(PALETTE, 2), 6, 7)
    begin = content.index(b"PLTE")
    spelled = b"PLTE" + b"\0tRNSIDAT\0\0\0"  # Four colours.
    behind = content[begin + len(spelled) + 4 :]
    content = content[:begin] + spelled + zlib.crc32(spelled).to_bytes(4, "big") + behind
    with Image.open(io.BytesIO(content)) as picture:
        expected = np.asarray(picture.convert("RGB"))
    np.testing.assert_array_equal(decode_picture(content), expected)


def with_chunk(content, kind, data, *, before, check=True):
    """The file with one more chunk, whose checksum may be wrong."""
    begin = content.index(before) - 4
    chunk = png_files.chunk(kind, data)
    chunk = chunk if check else chunk[:-1] + bytes([chunk[-1] ^ 1])
    return content[:begin] + chunk + content[begin:]


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize(
    ("colour", "data", "place"),
    [
        (PALETTE, b"", {"before": b"IDAT"}),
        (PALETTE, b"\x10" * 257, {"before": b"IDAT"}),  # more than there are colours
        (PALETTE, b"\x20", {"before": b"PLTE"}),
        (PALETTE, b"\x20", {"before": b"IEND"}),
        (PALETTE, b"\x20", {"before": b"IDAT", "check": False}),
        (GRAY, b"\1", {"before": b"IDAT"}),  # a key has two bytes
    ],
    ids=["empty", "long", "before the palette", "behind the pixels", "damaged", "short key"],
)
def test_transparency_that_counts_for_nothing_leaves_it_opaque(
    decode_picture, colour, data, place, depth
):
    content, shown = png_files.draw(Kind(colour, depth), 11, 13)
    np.testing.assert_array_equal(
        decode_picture(with_chunk(content, b"tRNS", data, **place)), shown
    )


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_alpha_that_is_told_counts_even_where_it_is_what_alpha_is_filled_with(
    decode_picture, depth
):
    content, opaque = png_files.draw(Kind(PALETTE, depth), 11, 13)
    alpha = 2**depth - 1
    told = with_chunk(content, b"tRNS", bytes([alpha] * 2**depth), before=b"IDAT")
    np.testing.assert_array_equal(
        decode_picture(told), png_files.on_white(opaque.astype(int), alpha)
    )


@pytest.mark.parametrize("depth", [2, 8])
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (b"gAMA", (45455).to_bytes(4, "big")),
        (b"sBIT", b"\1\1\1"),
        (b"bKGD", b"\0"),
        (b"tEXt", b"tRNS\0IDAT"),
    ],
)
def test_other_chunks_change_no_colour(decode_picture, kind, data, depth):
    content, shown = png_files.draw(Kind(PALETTE, depth), 11, 13)
    before = b"IDAT" if kind == b"bKGD" else b"PLTE"
    np.testing.assert_array_equal(
        decode_picture(with_chunk(content, kind, data, before=before)), shown
    )
