"""Windows inside the picture and in range, the resize, the centre by hand, the flip."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.crop import (
    center_crop,
    center_window,
    crop_and_resize,
    random_crop,
    random_flip,
    random_window,
    resize,
)

DRAWS = 500


def picture(height, width):
    return np.random.default_rng(height).random((height, width, 3), np.float32)


def windows(height, width, **options):
    """DRAWS windows (top, left, height, width), one a seed."""
    seeds = tf.data.Dataset.range(DRAWS).map(lambda number: tf.stack([number, 1]))
    shape = tf.constant([height, width, 3])
    drawn = seeds.map(lambda seed: random_window(shape, seed, **options))
    return next(iter(drawn.batch(DRAWS))).numpy()


@pytest.mark.parametrize(("height", "width"), [(200, 200), (150, 330)])
@pytest.mark.parametrize("min_area", [0.08, 0.5])
def test_random_windows_are_inside_and_large_enough(height, width, min_area):
    top, left, rows, columns = windows(height, width, min_area=min_area).T
    assert top.min() >= 0 and left.min() >= 0
    assert (top + rows).max() <= height and (left + columns).max() <= width
    # Sides are whole pixels: the smallest area may fall short by half a pixel a side.
    assert (rows * columns).min() >= min_area * height * width - (rows + columns).max()
    assert len(np.unique(top)) > 8 and len(np.unique(left)) > 20


@pytest.mark.parametrize(("height", "width"), [(200, 200), (150, 330)])
@pytest.mark.parametrize("aspect_ratio", [1.0, 2.0])
def test_aspect_of_random_windows_is_near_the_targets(height, width, aspect_ratio):
    _, _, rows, columns = windows(height, width, aspect_ratio=aspect_ratio).T
    lowest, highest = (columns - 1) / (rows + 1), (columns + 1) / (rows - 1)  # whole pixels
    assert (highest >= 3 / 4 * aspect_ratio).all()
    assert (lowest <= 4 / 3 * aspect_ratio).all()
    assert np.ptp(columns / rows) > 0.3 * aspect_ratio


def test_windows_cover_the_range_of_areas():
    # Areas are uniform on [.08, 1] before the aspect is drawn; those that do not fit are drawn
    # again, so that large ones are rarer: the mean is below that of a uniform choice, .54.
    _, _, rows, columns = windows(200, 200).T
    shares = rows * columns / 200**2
    assert 0.08 <= shares.min() < 0.12 and 0.85 < shares.max() <= 1
    assert 0.35 < shares.mean() < 0.54


def test_windows_follow_from_the_seed():
    shape = tf.constant([64, 48, 3])
    one, again, other = (random_window(shape, [4, seed]).numpy() for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(("height", "width"), [(8, 6), (5, 9)])
def test_a_crop_of_its_own_size_is_a_slice(height, width):
    image = picture(20, 17)
    cropped = crop_and_resize(tf.constant(image), tf.constant([3, 4, height, width]), height, width)
    np.testing.assert_allclose(cropped, image[3 : 3 + height, 4 : 4 + width], atol=1e-6)


def keys_cubic(x):
    """Keys' cubic convolution, a = -1/2."""
    x = abs(x)
    if x < 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def bicubic_matrix(source, target):
    """Half-pixel centres; taps outside of the picture are left out and the rest sum to 1."""
    matrix = np.zeros((target, source))
    for row in range(target):
        centre = (row + 0.5) * source / target - 0.5
        weights = np.array([keys_cubic(centre - column) for column in range(source)])
        matrix[row] = weights / weights.sum()
    return matrix


@pytest.mark.parametrize(("height", "width"), [(9, 16), (24, 7)])
def test_resize_is_keys_bicubic(height, width):
    image = picture(12, 10)
    rows, columns = bicubic_matrix(12, height), bicubic_matrix(10, width)
    expected = np.einsum("ih,hwc,jw->ijc", rows, image, columns)
    # TensorFlow rounds fractions to 1/1024.
    np.testing.assert_allclose(resize(tf.constant(image), height, width), expected, atol=2e-3)


@pytest.mark.parametrize(
    ("height", "width", "target_height", "target_width", "expected"),
    # Sides: .875 of the largest window of the target's shape, rounded; it begins at half of what
    # is left, rounded up.
    [
        (32, 32, 24, 24, (2, 2, 28, 28)),
        (40, 64, 24, 24, (3, 15, 35, 35)),  # wide: 35 = .875 * 40; (40 - 35 + 1) // 2 = 3
        (65, 40, 24, 24, (15, 3, 35, 35)),  # tall: (65 - 35 + 1) // 2 = 15
        (33, 33, 24, 24, (2, 2, 29, 29)),  # 28.875
        (40, 40, 16, 32, (11, 3, 18, 35)),  # 17.5 -> 18, to the even number
        (40, 40, 32, 16, (3, 11, 35, 18)),
        (290, 75, 48, 100, (130, 5, 31, 66)),  # as the original: 31.5 falls below in float32
        (1, 1, 8, 8, (0, 0, 1, 1)),
        (1, 50, 32, 8, (0, 25, 1, 1)),  # .21875 pixels are one
    ],
)
def test_centre_window_by_hand(height, width, target_height, target_width, expected):
    window = center_window(tf.constant([height, width, 3]), target_height, target_width, 0.875)
    assert tuple(window.numpy()) == expected


@pytest.mark.parametrize(("height", "width"), [(48, 64), (37, 21)])
def test_centre_crop_of_a_mirrored_picture_is_mirrored(height, width):
    # Up to the pixel by which an odd rest is rounded: sides 42 and 18 leave even rests.
    image = picture(height, width)[:, : width - (width - round(0.875 * min(height, width))) % 2]
    mirrored = center_crop(tf.constant(image[:, ::-1].copy()), 16, 16)
    np.testing.assert_allclose(
        center_crop(tf.constant(image), 16, 16)[:, ::-1], mirrored, atol=1e-5
    )


@pytest.mark.parametrize(("height", "width"), [(16, 16), (12, 20)])
def test_random_crop_has_the_targets_shape_and_follows_from_the_seed(height, width):
    image = tf.constant(picture(40, 30))
    one, again, other = (random_crop(image, height, width, [0, seed]) for seed in (1, 1, 2))
    assert one.shape == (height, width, 3)
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_a_whole_window_is_a_resize():
    image = tf.constant(picture(20, 20))
    np.testing.assert_allclose(
        random_crop(image, 10, 10, [0, 0], min_area=1.0), resize(image, 10, 10), atol=1e-6
    )


@pytest.mark.parametrize(("draw", "mirrored"), [(0.0, True), (0.49, True), (0.5, False)])
def test_flip_mirrors_left_to_right_below_one_half(draw, mirrored):
    image = picture(4, 5)
    expected = image[:, ::-1] if mirrored else image
    np.testing.assert_array_equal(random_flip(tf.constant(image), tf.constant(draw)), expected)
