"""decode_picture and its parts; image_folder_test compares every format with Pillow."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_simclr.data import decoding


def test_composite_on_white_is_the_definition_of_alpha():
    rgba = np.random.default_rng(0).integers(0, 256, (16, 17, 4), np.uint8)
    rgba[0, :, 3], rgba[1, :, 3] = 0, 255
    result = decoding.composite_on_white(tf.constant(rgba)).numpy()
    alpha = rgba[..., 3:] / 255
    np.testing.assert_allclose(result, rgba[..., :3] * alpha + 255 * (1 - alpha), atol=0.5)
    np.testing.assert_array_equal(result[0], np.full_like(result[0], 255))
    np.testing.assert_array_equal(result[1], rgba[1, :, :3])


def test_turns_are_undone():
    # The EXIF standard: 6 means that the first row is the right side of the scene, 3 upside down.
    image = tf.reshape(tf.range(6), [2, 3, 1])  # [[0, 1, 2], [3, 4, 5]]
    upright = {
        1: [[0, 1, 2], [3, 4, 5]],
        2: [[2, 1, 0], [5, 4, 3]],
        3: [[5, 4, 3], [2, 1, 0]],
        4: [[3, 4, 5], [0, 1, 2]],
        5: [[0, 3], [1, 4], [2, 5]],
        6: [[3, 0], [4, 1], [5, 2]],
        7: [[5, 2], [4, 1], [3, 0]],
        8: [[2, 5], [1, 4], [0, 3]],
    }
    for orientation, expected in upright.items():
        result = decoding.turn_upright(image, tf.constant(orientation))
        np.testing.assert_array_equal(result[..., 0], expected)


@pytest.mark.parametrize("orientation", [0, 9])
def test_orientations_that_do_not_exist_are_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    Image.new("RGB", (2, 2)).save(buffer, "JPEG", exif=exif)
    assert decoding.read_orientation(buffer.getvalue()) == 1


def test_orientation_of_what_pillow_cannot_read_is_upright():
    assert decoding.read_orientation(b"I am no picture.") == 1


@pytest.mark.parametrize("content", [b"", b"x", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a"])
def test_what_is_no_picture_fails_in_the_graph_with_an_op_error(content):
    with pytest.raises(tf.errors.OpError):
        tf.function(decoding.decode_picture)(tf.constant(content))
