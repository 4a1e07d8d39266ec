"""Copies of patches against loops and colorsys, and the ranges of the paper."""

import colorsys
import functools
import math

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import copies
from tf_simclr.data.augment.copies import DRAWS, Copies, between, component_contrast, placement
from tf_simclr.data.augment.operation import to_images, to_planes

AXES = np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0]
MEAN = (0.3, 0.5, 0.6)
SIZES = [(24, 31, 8), (15, 12, 5)]  # Of a picture, and the side of its copies.


def made(size, axes=AXES):
    return Copies(size, MEAN, tuple(map(tuple, axes.tolist())))


def picture(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def seed_of(number):
    return tf.constant([7, number], tf.int64)


def mirrored(place, length):
    """The pixel that a place outside of a picture shows: ... 1 0 | 0 1 ... n | n n-1 ..."""
    place %= 2 * length
    return min(place, 2 * length - 1 - place)


def copy_by_loop(image, box, draws, size):
    """Pixel by pixel: turned and scaled around the patch's centre, moved, and interpolated."""
    top, left, side = box
    height, width, _ = image.shape
    down, right = (0.2 * (2 * draw - 1) * side for draw in draws[:2])
    scale = 0.7 * 2 ** draws[2]
    angle = math.radians(20) * (2 * draws[3] - 1)
    found = np.zeros((size, size, 3))
    for row in range(size):
        for column in range(size):
            # From the patch's centre, in sides of the patch.
            y, x = (row + 0.5) / size - 0.5, (column + 0.5) / size - 0.5
            y, x = (
                y * math.cos(angle) + x * math.sin(angle),
                x * math.cos(angle) - y * math.sin(angle),
            )
            y = top + side / 2 + down + side * scale * y - 0.5
            x = left + side / 2 + right + side * scale * x - 0.5
            for dy in (0, 1):
                for dx in (0, 1):
                    near_y, near_x = math.floor(y) + dy, math.floor(x) + dx
                    weight = (1 - abs(y - near_y)) * (1 - abs(x - near_x))
                    pixel = image[mirrored(near_y, height), mirrored(near_x, width)]
                    found[row, column] += weight * pixel
    return found


@pytest.mark.parametrize(("height", "width", "size"), SIZES)
def test_a_copy_is_moved_scaled_and_turned_in_one_resampling(height, width, size, monkeypatch):
    image, short = picture(height, width), min(height, width)
    boxes = [(0, 0, short), (height - 5, width - 5, 5), (2, 3, short - 4)]
    draws = np.random.default_rng(0).random((5, DRAWS), np.float32)
    draws[:2, :4] = [[0, 0, 0.999, 0.999], [0.999, 0.999, 0.999, 0]]  # The ends of the ranges.
    for box in boxes:
        for own in draws:
            monkeypatch.setattr(Copies, "_draws", lambda self, seed, own=own: tf.constant(own))
            windows = made(size).windows(tf.shape(image), tf.constant(box), seed_of(0))
            found = made(size).place(tf.constant(image), windows, seed_of(0))
            expected = copy_by_loop(image, box, own, size)
            # Places are float32: a thousandth of a pixel is off by up to 255 / 1000.
            np.testing.assert_allclose(found["patches"], expected, atol=0.05)
            np.testing.assert_array_equal(found["draws"], own[4:])


@pytest.mark.parametrize(("height", "width", "size"), SIZES)
def test_a_copy_needs_no_more_of_its_picture_than_its_window(height, width, size):
    image, short = picture(height, width), min(height, width)
    smaller = 0
    for number in range(20):
        box = tf.constant([number % 4, number % 3, short - 3 - number % 5])
        windows = made(size).windows(tf.shape(image), box, seed_of(number))
        (top, left, tall, wide), patch = windows.numpy()
        np.testing.assert_array_equal(patch, [*box.numpy(), box[2]])
        assert top >= 0 and left >= 0 and top + tall <= height and left + wide <= width
        smaller += tall * wide < height * width
        part = tf.constant(image[top : top + tall, left : left + wide])
        in_part = windows - [top, left, 0, 0]
        whole = made(size).place(tf.constant(image), windows, seed_of(number))
        found = made(size).place(part, in_part, seed_of(number))
        np.testing.assert_allclose(found["patches"], whole["patches"], atol=0.02)
    assert smaller > 3


def test_without_changes_a_copy_is_the_patch():
    draws = tf.constant([0.5, 0.5, math.log2(1 / 0.7), 0.5])  # 0.7 * 2 ** x = 1.
    matrix, centre = placement(tf.constant([3, 5, 8]), draws)
    np.testing.assert_allclose(matrix, 8 * np.eye(2), atol=1e-5)
    np.testing.assert_allclose(centre, [7, 9], atol=1e-5)


def test_placements_have_the_ranges_of_the_paper():
    draws = tf.random.stateless_uniform([4000, 4], [0, 0])
    each = tf.data.Dataset.from_tensor_slices(draws)
    placed = each.map(lambda own: placement(tf.constant([10, 20, 10]), own)).batch(4000)
    matrices, centres = next(iter(placed))
    moved = (centres.numpy() - [15, 25]) / 10
    scale = np.sqrt(np.linalg.det(matrices.numpy())) / 10
    angle = np.degrees(np.arctan2(matrices[:, 0, 1].numpy(), matrices[:, 0, 0].numpy()))
    for values, low, high in ((moved, -0.2, 0.2), (scale, 0.7, 1.4), (angle, -20, 20)):
        assert low - 1e-4 < values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() < high + 1e-4
    assert abs(np.corrcoef(moved.T)[0, 1]) < 0.06
    assert abs(np.mean(scale < np.sqrt(0.7 * 1.4)) - 0.5) < 0.04  # In logarithms.


@pytest.mark.parametrize("ends", [(0.5, 2.0), (0.25, 4.0), (0.7, 1.4)])
def test_factors_are_uniform_in_their_logarithms(ends):
    low, high = ends
    found = between(tf.constant([0.0, 0.25, 0.5, 1.0]), ends)
    expected = [low, low * (high / low) ** 0.25, math.sqrt(low * high), high]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("size", [(4, 4), (3, 5)])
def test_component_contrast_multiplies_projections(size):
    images = np.random.default_rng(0).random((3, *size, 3), np.float32)
    factors = np.float32([[0.5, 2.0, 1.0], [1.0, 1.0, 1.0], [1.7, 0.6, 1.2]])
    planes = component_contrast(
        to_planes(tf.constant(images)),
        tf.constant(factors),
        mean=MEAN,
        axes=tuple(map(tuple, AXES.tolist())),
    )
    found = to_images(planes, *size).numpy()
    for image, own, changed in zip(images, factors, found):
        projected = (image - MEAN) @ AXES
        np.testing.assert_allclose((changed - MEAN) @ AXES, projected * own, atol=1e-5)
    np.testing.assert_allclose(found[1], images[1], atol=1e-6)


def by_hsv(pixel, of_saturation, of_value):
    """x -> clip(factor * x ** power + shift) on S and V of one pixel; gray has no hue."""

    def change(x, power, factor, shift):
        return min(max(factor * x**power + shift, 0), 1)

    hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
    gray = max(pixel) == min(pixel)
    changed = 0 if gray else change(saturation, *of_saturation)
    return colorsys.hsv_to_rgb(hue, changed, change(value, *of_value))


@pytest.mark.parametrize("size", [(4, 4), (3, 6)])
def test_saturation_and_value_are_changed_in_hsv(size):
    images = np.random.default_rng(0).random((3, *size, 3), np.float32)
    images[:, 0, 0], images[:, 0, 1], images[:, 1, 1] = 0.0, 0.4, (1.0, 1.0, 0.2)
    curves = np.float32([[0.25, 1.4, 0.1], [4.0, 0.7, -0.1], [1.0, 1.0, 0.0]])
    others = curves[[2, 0, 1]]

    def columns(values):
        return tuple(tf.constant(values[:, [place]]) for place in range(3))

    planes = copies.saturation_value_contrast(
        to_planes(tf.constant(images)), columns(curves), columns(others)
    )
    found = to_images(planes, *size).numpy()
    for image, of_saturation, of_value, changed in zip(images, curves, others, found):
        expected = [by_hsv(pixel, of_saturation, of_value) for pixel in image.reshape(-1, 3)]
        np.testing.assert_allclose(changed.reshape(-1, 3), expected, atol=1e-5)


def placed(size, count, draws=None):
    random = np.random.default_rng(0)
    patches = random.random((count, size, size, 3), np.float32) * 255
    numbers = random.random((count, DRAWS - 4), np.float32) if draws is None else draws
    return {"patches": tf.constant(patches), "draws": tf.constant(numbers)}


@pytest.mark.parametrize(("size", "count"), [(4, 3), (6, 2)])
def test_colours_change_one_after_the_other(size, count):
    """Components, then saturation and value, then hue: in the paper's order, and clipped."""
    batch = placed(size, count)
    found = made(size).make(batch).numpy()
    for image, draws, changed in zip(batch["patches"].numpy(), batch["draws"].numpy(), found):
        components = 0.5 * 4 ** draws[:3]
        pixels = (((image.reshape(-1, 3) / 255 - MEAN) @ AXES) * components) @ AXES.T + MEAN
        curves = [
            (0.25 * 16 ** own[0], 0.7 * 2 ** own[1], 0.1 * (2 * own[2] - 1))
            for own in (draws[3:6], draws[6:9])
        ]
        expected = []
        for pixel in np.clip(pixels, 0, 1):
            hue, saturation, value = colorsys.rgb_to_hsv(*by_hsv(pixel, *curves))
            hue += 0.1 * (2 * draws[9] - 1)
            expected.append(colorsys.hsv_to_rgb(hue % 1, saturation, value))
        np.testing.assert_allclose(changed.reshape(-1, 3), expected, atol=2e-4)
    assert found.min() >= 0 and found.max() <= 1


@functools.cache
def maker(size):
    return copies.compiled(made(size))


@pytest.mark.parametrize(("size", "count"), [(4, 3), (6, 2)])
def test_compiled_they_are_the_same(size, count):
    batch = placed(size, count)
    np.testing.assert_allclose(maker(size)(batch), made(size).make(batch), atol=1e-5)
    assert copies.compiled(made(size)) is maker(size)


def test_a_copy_follows_from_its_seed():
    image, box = tf.constant(picture(20, 20)), tf.constant([2, 2, 12])

    def one(number):
        windows = made(8).windows(tf.shape(image), box, seed_of(number))
        return made(8).place(image, windows, seed_of(number))

    np.testing.assert_array_equal(one(1)["patches"], one(1)["patches"])
    assert np.abs(one(1)["patches"] - one(2)["patches"]).max() > 1
    assert np.abs(one(1)["draws"] - one(2)["draws"]).max() > 0.01
