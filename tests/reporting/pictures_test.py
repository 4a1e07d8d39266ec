import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from tf_simclr.reporting.pictures import SpriteSheet, fit, png_uri


def decoded(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


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


@pytest.mark.parametrize("palette", [False, True])
def test_a_png_uri_has_the_picture(palette):
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    np.testing.assert_array_equal(decoded(png_uri(picture, palette=palette)), picture)


@pytest.mark.parametrize("rows, columns", [(1, 1), (2, 6), (16, 2)])
def test_a_tile_shows_one_picture_of_its_sheet(rows, columns):
    pictures = np.random.default_rng(0).integers(0, 256, (rows, columns, 4, 6, 3), dtype=np.uint8)
    sheet = SpriteSheet.of("views", pictures)
    rule = sheet.css()
    across, down = map(float, re.search(r"background-size:(.*?)% (.*?)%", rule).groups())
    image = decoded(re.search(r"url\((.*?)\)", rule)[1])
    for row in range(rows):
        for column in range(columns):
            place = re.search(r"background-position:(.*?)% (.*?)%", sheet.tile(row, column))
            x, y = map(float, place.groups())
            # A position of p % moves by p % of what the picture is larger than its box.
            left = x / 100 * (across / 100 - 1) * 6
            top = y / 100 * (down / 100 - 1) * 4
            shown = image[round(top) :, round(left) :][:4, :6]
            assert (left, top) == pytest.approx((column * 6, row * 4), abs=0.01)
            np.testing.assert_array_equal(shown, pictures[row, column])
