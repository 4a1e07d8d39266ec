import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tf_simclr.reporting.pictures import Sheet, fit


def decoded(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize(
    "size, expected",
    [((64, 128), (16, 32)), ((128, 64), (32, 16)), ((33, 33), (32, 32)), ((9, 32), (9, 32))],
)
def test_fit_keeps_the_aspect(size, expected):
    assert fit(np.zeros((2, *size, 3), np.uint8), 32).shape == (2, *expected, 3)


def test_fit_keeps_what_lies_where():
    picture = np.zeros((1, 64, 128, 3), np.uint8)
    picture[:, :32, 64:] = 255
    small = fit(picture, 32)[0]
    assert small[3, 28].min() > 250 and max(small[3, 3].max(), small[12, 28].max()) < 5


@pytest.mark.parametrize("count, columns", [(1, None), (12, 6), (11, None), (32, 2)])
def test_a_tile_shows_one_picture_of_its_sheet(count, columns):
    pictures = noise(count, 4, 6, 3)
    sheet = Sheet.of(pictures, most_bytes=10**6, columns=columns)
    whole = decoded(sheet.uri)
    rows, across = sheet.rows, sheet.columns
    assert whole.shape == (rows * 4, across * 6, 3)
    assert f"background-size:{100 * across}% {100 * rows}%" in sheet.css("views")
    for place in range(count):
        x, y = map(float, re.findall(r"(-?[\d.]+)%", sheet.tile(place)))
        # CSS: the share of the room that the sheet has beyond its tile.
        left, top = round(x / 100 * (across - 1) * 6), round(y / 100 * (rows - 1) * 4)
        np.testing.assert_array_equal(whole[top : top + 4, left : left + 6], pictures[place])


@pytest.mark.parametrize("side", [16, 40, 128])
@pytest.mark.parametrize("most", [10**7, 60_000, 20_000])
def test_a_sheet_is_as_sharp_as_fits(side, most):
    sheet = Sheet.of(noise(49, side, side, 3), most_bytes=most)
    whole = Sheet.of(noise(49, side, side, 3), most_bytes=10**9)
    assert len(sheet.data) <= most and whole.width == min(side, 96)
    assert (sheet == whole) == (len(whole.data) <= most)


def test_gray_pictures_are_shown_as_such():
    gray = noise(4, 8, 8, 1)
    shown = decoded(Sheet.of(gray, most_bytes=10**6).uri)
    np.testing.assert_array_equal(shown[:8, :8], np.repeat(gray[0], 3, axis=-1))
