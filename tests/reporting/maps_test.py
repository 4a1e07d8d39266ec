import numpy as np
import pytest

from tf_simclr.reporting.maps import picture_map


def plain(count, side=8):
    """Pictures of one colour each, none of them white."""
    colours = np.stack([np.arange(count), 255 - np.arange(count), np.full(count, 7)], axis=1)
    return np.broadcast_to(colours[:, None, None], (count, side, side, 3)).astype(np.uint8)


def seen(canvas):
    """Red of a picture of `plain` -> how many of its pixels are seen."""
    reds, pixels = np.unique(canvas[canvas[..., 2] == 7][:, 0], return_counts=True)
    return dict(zip(reds.tolist(), pixels.tolist()))


@pytest.mark.parametrize("count", [1, 2, 40])
def test_no_picture_of_a_map_covers_another(count):
    canvas = picture_map(np.full((count, 2), 0.5), plain(count))
    assert seen(canvas) == dict.fromkeys(range(count), 8 * 8)


def test_pictures_lie_at_their_places_x_to_the_right_and_y_upwards():
    corners = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], float)
    canvas = picture_map(corners, plain(4))
    found = [np.argwhere(canvas[..., 0] * (canvas[..., 2] == 7) == red)[0] for red in (1, 2, 3)]
    middle = len(canvas) / 2
    # Rows of the canvas go downwards: (right, low), (left, high), (right, high).
    assert [(column > middle, row > middle) for row, column in found] == [
        (True, True),
        (False, False),
        (True, False),
    ]
