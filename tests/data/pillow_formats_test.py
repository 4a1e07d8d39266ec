"""Pictures that Pillow reads: all formats, modes that it converts wrongly, and refusals."""

import io

import numpy as np
import pytest
from PIL import Image, ImageOps, features

from tf_simclr.data import decoding, pillow_formats

NOISE = np.random.default_rng(0).integers(0, 256, (7, 9, 4), np.uint8)


def encoded(picture, kind, **options):
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def on_white(picture):
    """Composited by Pillow itself."""
    white = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB"))


AVIF = pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("TIFF", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr")),
        *(("JPEG2000", mode) for mode in ("L", "RGB", "RGBA")),
        *(("PPM", mode) for mode in ("1", "L", "RGB")),
        *(("WEBP", mode) for mode in ("RGB", "RGBA")),
        ("BMP", "RGB"),
        pytest.param("AVIF", "RGBA", marks=AVIF),
    ],
)
def test_it_shows_what_pillow_does(kind, mode):
    content = encoded(Image.fromarray(NOISE).convert(mode), kind)
    with Image.open(io.BytesIO(content)) as picture:
        expected = on_white(picture)
    shown = decoding.decode_picture(content).numpy().astype(int)
    # Pillow rounds on its way through the transparent picture.
    np.testing.assert_allclose(shown, expected, atol=1)


@pytest.mark.parametrize("kind", ["TIFF", "PPM", "JPEG2000"])
def test_gray_of_16_bits_keeps_the_upper_8(kind):
    levels = np.random.default_rng(1).integers(0, 65536, (7, 9), np.uint16)
    content = encoded(Image.fromarray(levels), kind)
    rgba = pillow_formats.read_rgba(content)
    np.testing.assert_array_equal(rgba[..., :3], np.repeat((levels >> 8)[..., None], 3, axis=-1))
    assert (rgba[..., 3] == 255).all()


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_numbers_without_a_range_are_refused(dtype):
    content = encoded(Image.fromarray(np.zeros((3, 4), dtype)), "TIFF")
    with pytest.raises(ValueError, match="must define white. Received: a TIFF of mode [FI]"):
        pillow_formats.read_rgba(content)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(NOISE[..., :3]), "TIFF", exif=exif)
    with Image.open(io.BytesIO(content)) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    turn = decoding.read_orientation(content)
    shown = decoding.turn_upright(decoding.decode_picture(content), turn)
    np.testing.assert_array_equal(shown, expected)


@pytest.mark.parametrize("kind", ["ICO", "EPS", "TGA", "PDF"])
def test_formats_that_are_not_listed_are_refused(kind):
    with pytest.raises(OSError, match="cannot identify image file"):
        pillow_formats.read_rgba(encoded(Image.fromarray(NOISE[..., :3]), kind))


@pytest.mark.parametrize(
    ("kind", "rare"),
    [("JPEG", 0), ("PNG", 0), ("GIF", 0), ("BMP", 0), ("WEBP", 0), ("TIFF", 1), ("PPM", 1)],
)
def test_which_formats_only_one_host_reads(kind, rare):
    reader = decoding.reader_of(encoded(Image.fromarray(NOISE[..., :3]), kind))
    assert (reader == decoding.RARE) == bool(rare)
    assert (reader == decoding.TENSORFLOW) == (kind in ("JPEG", "PNG"))
