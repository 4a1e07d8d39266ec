"""Compositing and shrinking, against Pillow's and by hand."""

import io

import numpy as np
import pytest
from PIL import Image

from tf_simclr.data.emoji32.pictures import read_picture, shrink_on_white


@pytest.mark.parametrize("factor", [2, 8])
def test_agrees_with_pillow_within_rounding(factor):
    size = 32 * factor
    rgba = np.random.default_rng(factor).integers(0, 256, (size, size, 4), np.uint8)
    white = Image.new("RGBA", (size, size), "white")
    white.alpha_composite(Image.fromarray(rgba))
    expected = np.asarray(white.convert("RGB").reduce(factor)).astype(int)
    assert np.abs(shrink_on_white(rgba).astype(int) - expected).max() <= 1


def test_edge_has_no_dark_halo():
    # By hand: of a 2x2 block one pixel is opaque red, three are clear with black beneath.
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[::2, ::2] = (255, 0, 0, 255)
    np.testing.assert_array_equal(shrink_on_white(rgba)[0, 0], [255, 191, 191])  # 255 * 3 / 4


def test_means_are_rounded_to_the_nearest_and_halves_up():
    rgba = np.zeros((64, 64, 4), np.uint8)
    rgba[..., 3] = 255
    # Of four pixels three, two and one have a 1: means of 3/4, 1/2 and 1/4.
    rgba[:2, :2, :3] = [[(1, 1, 1), (1, 1, 0)], [(1, 0, 0), (0, 0, 0)]]
    np.testing.assert_array_equal(shrink_on_white(rgba)[0, 0], [1, 1, 0])


def _png(rgba: np.ndarray, mode: str = "RGBA") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgba).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


def test_empty_rows_too_many_are_cut_off():
    rgba = np.zeros((72, 64, 4), np.uint8)
    rgba[4:-4] = (9, 9, 9, 255)
    assert (read_picture(_png(rgba), name="a.png", size=64) == 9).all()
    rgba[0] = 255
    with pytest.raises(ValueError, match=r"`a.png` must be 64x64. Received: \(72, 64, 4\)"):
        read_picture(_png(rgba), name="a.png", size=64)


def test_unexpected_mode_is_refused():
    with pytest.raises(ValueError, match=r"`b.png` must have a mode of .*Received: RGB$"):
        read_picture(_png(np.zeros((64, 64, 4), np.uint8), "RGB"), name="b.png", size=64)
