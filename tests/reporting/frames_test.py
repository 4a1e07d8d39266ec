"""Frames on pictures, against a loop over pixels."""

import numpy as np
import pytest

from tf_simclr.reporting.frames import frame

RED = (200, 10, 20)


def looped(picture, box, width):
    """A pixel of the box is of its frame if it is nearer than `width` to one of the box's edges."""
    top, left, height, across = box
    framed = picture.copy()
    for y, x in np.ndindex(picture.shape[:2]):
        edges = (y - top, top + height - 1 - y, x - left, left + across - 1 - x)
        if min(edges) >= 0 and min(edges) < width:
            framed[y, x] = RED
    return framed


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("box", [(1, 2, 5, 4), (0, 0, 8, 9), (5, 6, 6, 6), (3, 3, 1, 1)])
def test_a_frame_lies_along_the_inside_of_its_box(box, width):
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    before = picture.copy()
    framed = frame(picture, box, RED, width=width)
    np.testing.assert_array_equal(framed, looped(picture, box, width))
    np.testing.assert_array_equal(picture, before)
    assert framed.dtype == np.uint8
