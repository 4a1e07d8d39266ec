"""Windows inside the picture and in range, the resize, the centre by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.crop import (
    center_crop,
    center_window,
    crop_and_resize,
    crop_and_resize_batch,
    cubic_weights,
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


@pytest.mark.parametrize(("height", "width"), [(20, 20), (12, 28)])
def test_a_whole_window_is_a_resize(height, width):
    image = tf.constant(picture(height, width))
    window = random_window(tf.shape(image), [0, 0], aspect_ratio=width / height, min_area=1.0)
    np.testing.assert_array_equal(window, [0, 0, height, width])
    np.testing.assert_allclose(
        crop_and_resize(image, window, 10, 14), resize(image, 10, 14), atol=1e-6
    )


def of_all_kinds(height, width, crops, seed=0):
    """[4, crops, 4] windows: the whole, single pixels, at each border, and inside."""
    random = np.random.default_rng(seed)
    top, left = random.integers(0, [[height], [width]], (2, 4 * crops))
    rows, columns = random.integers(1, [height - top + 1, width - left + 1])
    drawn = np.stack([top, left, rows, columns], axis=1)
    drawn[:4] = [
        [0, 0, height, width],
        [height - 1, width - 1, 1, 1],
        [0, width // 2, 1, width - width // 2],
        [height // 2, 0, height - height // 2, 1],
    ]
    return np.int32(drawn.reshape(4, crops, 4))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("crops", [1, 2, 3])
@pytest.mark.parametrize(
    ("height", "width", "target_height", "target_width"),
    # up, down, and up along one axis and down along the other
    [(12, 12, 32, 32), (40, 30, 8, 8), (24, 50, 33, 16), (64, 17, 16, 48), (120, 200, 96, 64)],
)
def test_crops_by_the_batch_are_those_of_resize(
    height, width, target_height, target_width, crops, dtype
):
    levels = np.random.default_rng(width).integers(0, 256, (4, height, width, 3), np.uint8)
    images, unit = (levels, 255) if dtype is np.uint8 else (np.float32(levels) / 255, 1)
    windows = of_all_kinds(height, width, crops)
    result = crop_and_resize_batch(
        tf.constant(images), tf.constant(windows), target_height, target_width
    )
    assert result.shape == (4, crops, target_height, target_width, 3)
    assert result.dtype == tf.float32
    for image, own, found in zip(images, windows, result):
        for (top, left, rows, columns), crop in zip(own, found):
            cut = image[top : top + rows, left : left + columns]
            # tf.image.resize, of the part that NumPy cuts out.
            expected = resize(tf.constant(cut), target_height, target_width)
            np.testing.assert_allclose(crop / unit, expected / unit, atol=1e-5)


@pytest.mark.parametrize(("length", "target"), [(12, 31), (50, 8)])
def test_rows_of_the_crops_matrices_have_four_taps_and_sum_1(length, target):
    begin, size = np.int32([0, length - 1, 3, 2, 5]), np.int32([length, 1, 2, length - 4, 7])
    weights = cubic_weights(tf.constant(begin), tf.constant(size), length, target).numpy()
    assert weights.shape == (5, target, length)
    np.testing.assert_allclose(weights.sum(-1), 1, atol=1e-6)
    assert np.count_nonzero(weights, axis=-1).max() == 4
    for matrix, first, count in zip(weights, begin, size):
        assert not matrix[:, :first].any() and not matrix[:, first + count :].any()
        # TensorFlow rounds fractions to 1/1024, and the derivative is below 2.
        np.testing.assert_allclose(
            matrix[:, first : first + count], bicubic_matrix(count, target), atol=2e-3
        )


def test_pictures_of_unknown_size_are_cut_to_a_known_one():
    @tf.function(input_signature=[tf.TensorSpec([None, None, 3], tf.uint8)])
    def cut(image):
        crop = crop_and_resize(image, tf.constant([1, 2, 5, 4]), 8, 6)
        assert crop.shape == (8, 6, 3)
        return crop

    image = tf.constant(np.uint8(255 * picture(9, 9)))
    np.testing.assert_array_equal(cut(image), resize(image[1:6, 2:6], 8, 6))
