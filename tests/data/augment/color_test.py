"""Each colour operation against NumPy or colorsys, and their random order."""

import colorsys
import itertools

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import color
from tf_simclr.data.augment.operation import to_images, to_planes


def pictures(height, width, count=3):
    return np.random.default_rng(height).random((count, height, width, 3), np.float32)


def overshooting(height, width):
    """Values as bicubic resizing leaves them, and pixels at which HSV is singular."""
    images = pictures(height, width) * 1.2 - 0.1
    images[:, 0, 0] = 0.0
    images[:, 0, 1] = 0.4  # gray
    images[:, 0, 2] = 1.1
    images[:, 0, 3] = -0.1
    images[:, 1, 0] = (0.9, 0.9, 0.1)  # Two largest channels,
    images[:, 1, 1] = (0.2, 0.7, 0.2)  # two smallest,
    images[:, 1, 2] = (1.0, 0.0, -0.1)  # a smallest below 0,
    images[:, 1, 3] = (-0.05, -0.1, -0.02)  # and all of them.
    return images


SIZES = [(6, 6), (5, 8)]


def by_planes(act, images, *arguments, **options):
    """`act` on the planes of images [batch, height, width, 3], as images again."""
    arguments = [tf.constant(argument) for argument in arguments]
    planes = act(to_planes(tf.constant(images)), *arguments, **options)
    return to_images(planes, *images.shape[1:3]).numpy()


def column(*values):
    """One value a picture: [batch, 1]."""
    return np.float32(values)[:, np.newaxis]


def each(act, images, values):
    """act(image, value) of each picture by its own value, stacked."""
    return np.stack([act(image, value) for image, value in zip(images, np.ravel(values))])


def by_hsv(image, change):
    """Applies change(h, s, v) to every pixel."""
    pixels = [colorsys.hsv_to_rgb(*change(*colorsys.rgb_to_hsv(*p))) for p in image.reshape(-1, 3)]
    return np.reshape(pixels, image.shape)


@pytest.mark.parametrize("size", SIZES)
def test_brightness_multiplies(size):
    images, factors = pictures(*size), column(0.2, 1.0, 1.7)
    expected = each(np.multiply, images, factors)
    np.testing.assert_allclose(by_planes(color.brightness, images, factors), expected)


@pytest.mark.parametrize("size", SIZES)
def test_additive_brightness_adds(size):
    images, deltas = pictures(*size), column(-0.6, 0.0, 0.8)
    expected = each(np.add, images, deltas)
    np.testing.assert_allclose(by_planes(color.additive_brightness, images, deltas), expected)


@pytest.mark.parametrize("size", SIZES)
def test_contrast_moves_channels_away_from_their_mean(size):
    images, factors = pictures(*size), column(0.0, 0.4, 1.7)

    def expected(image, factor):
        mean = image.mean((0, 1))
        return (image - mean) * factor + mean

    np.testing.assert_allclose(
        by_planes(color.contrast, images, factors), each(expected, images, factors), atol=1e-6
    )


@pytest.mark.parametrize("size", SIZES)
def test_saturation_multiplies_that_of_hsv(size):
    images, factors = pictures(*size), column(0.0, 0.3, 1.8)

    def expected(image, factor):
        return by_hsv(image, lambda h, s, v: (h, min(s * factor, 1), v))

    np.testing.assert_allclose(
        by_planes(color.saturation, images, factors), each(expected, images, factors), atol=1e-5
    )


@pytest.mark.parametrize("size", SIZES)
def test_hue_turns_that_of_hsv(size):
    images, deltas = pictures(*size), column(-0.2, 0.1, 1 / 3)

    def expected(image, delta):
        return by_hsv(image, lambda h, s, v: ((h + delta) % 1, s, v))

    np.testing.assert_allclose(
        by_planes(color.hue, images, deltas), each(expected, images, deltas), atol=1e-5
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("factors", [(0.0, 0.3, 1.0), (1.8, 5.0, 0.9)])
def test_saturation_is_that_of_tensorflow_outside_of_0_and_1_too(size, factors):
    images, factors = overshooting(*size), column(*factors)
    np.testing.assert_allclose(
        by_planes(color.saturation, images, factors),
        each(tf.image.adjust_saturation, images, factors),
        atol=1e-5,
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("deltas", [(-0.2, 0.0, 0.1), (1.0, -1.0, 1 / 3)])
def test_hue_is_that_of_tensorflow_outside_of_0_and_1_too(size, deltas):
    images, deltas = overshooting(*size), column(*deltas)
    np.testing.assert_allclose(
        by_planes(color.hue, images, deltas),
        each(tf.image.adjust_hue, images, deltas),
        atol=1e-5,
    )


@pytest.mark.parametrize(
    ("strength", "low", "high"),
    # 1 -+ .8 s, twice more, and -+ .2 s: arXiv 2002.05709, appendix A; not below 0.
    [
        (1.0, [0.2, 0.2, 0.2, -0.2], [1.8, 1.8, 1.8, 0.2]),
        (0.5, [0.6, 0.6, 0.6, -0.1], [1.4, 1.4, 1.4, 0.1]),
        (2.0, [0.0, 0.0, 0.0, -0.4], [2.6, 2.6, 2.6, 0.4]),
    ],
)
def test_factors_span_the_papers_ranges(strength, low, high):
    for draw, expected in ((0.0, low), (0.5, np.add(low, high) / 2), (1.0, high)):
        factors = color.jitter_factors(tf.fill([2, 4], draw), strength)
        np.testing.assert_allclose(factors, [expected] * 2, atol=1e-6)


OPERATIONS = (color.brightness, color.contrast, color.saturation, color.hue)
FACTORS = np.float32([1.6, 1.5, 0.3, 0.15])
ORDERS = np.array(list(itertools.permutations(range(4))))


@pytest.mark.parametrize("order", ORDERS[::5].tolist())
def test_operations_come_in_the_given_order_and_clip_after_each(order):
    images = pictures(5, 8, count=1)
    expected = images
    for number in order:
        changed = by_planes(OPERATIONS[number], expected, FACTORS[number : number + 1, np.newaxis])
        expected = np.clip(changed, 0, 1)
    jittered = by_planes(color.jitter_in_order, images, FACTORS[np.newaxis], [order])
    np.testing.assert_allclose(jittered, expected, atol=1e-6)


def jittered_by_tensorflow(image, factors, order):
    """The same of one picture [height, width, 3] by tf.image."""
    operations = (
        lambda picture, factor: picture * factor,
        tf.image.adjust_contrast,
        tf.image.adjust_saturation,
        tf.image.adjust_hue,
    )
    for number in order:
        image = tf.clip_by_value(operations[number](image, factors[number]), 0.0, 1.0)
    return image


def many(size, seed):
    """A picture for each of the orders, with factors of its own over the ranges of strength 1."""
    draws = np.random.default_rng(seed).random((len(ORDERS), 4), np.float32)
    factors = np.float32([0.2, 0.2, 0.2, -0.2]) + np.float32([1.6, 1.6, 1.6, 0.4]) * draws
    return pictures(*size, count=len(ORDERS)) * 1.2 - 0.1, factors


@pytest.mark.parametrize("size", SIZES)
def test_a_batch_of_all_orders_is_what_tf_image_gives_picture_by_picture(size):
    images, factors = many(size, seed=1)
    expected = np.stack([*map(jittered_by_tensorflow, images, factors, ORDERS)])
    jittered = by_planes(color.jitter_in_order, images, factors, ORDERS.astype(np.int32))
    np.testing.assert_allclose(jittered, expected, atol=1e-4)


@pytest.mark.parametrize("additive", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_a_batch_of_all_orders_is_what_each_picture_is_alone(size, additive):
    images, factors = many(size, seed=2)
    jitter = lambda *batch: by_planes(color.jitter_in_order, *batch, additive=additive)  # noqa: E731
    together = jitter(images, factors, ORDERS)
    alone = [
        jitter(images[i : i + 1], factors[i : i + 1], ORDERS[i : i + 1]) for i in range(len(images))
    ]
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)


def test_order_matters():
    images = pictures(5, 8, count=1)
    one, other = (
        by_planes(color.jitter_in_order, images, FACTORS[np.newaxis], [order])
        for order in ([0, 1, 2, 3], [3, 2, 1, 0])
    )
    assert np.abs(one - other).max() > 0.01


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (2, 0, 3, 1)])
def test_jitter_draws_factors_and_order(order):
    images = pictures(6, 6, count=1)
    draws = np.float32([[0.1, 0.9, 0.3, 0.8, 0, 0, 0, 0]])
    draws[0, 4 + np.array(order)] = [0.1, 0.2, 0.3, 0.4]  # sorting these gives the order
    factors = color.jitter_factors(tf.constant(draws[:, :4]), 0.5).numpy()
    expected = by_planes(color.jitter_in_order, images, factors, [order])
    np.testing.assert_array_equal(by_planes(color.jitter, images, draws, strength=0.5), expected)


def test_jitter_of_strength_0_changes_nothing():
    images = pictures(6, 6)
    draws = tf.random.stateless_uniform([len(images), color.JITTER_DRAWS], [0, 0]).numpy()
    jittered = by_planes(color.jitter, images, draws, strength=0.0)
    np.testing.assert_allclose(jittered, images, atol=1e-5)


@pytest.mark.parametrize(("draw", "jittered"), [(0.79, True), (0.8, False)])
def test_color_jitters_below_08(draw, jittered):
    images, others = pictures(6, 6, count=1), np.full((1, color.JITTER_DRAWS), 0.3, np.float32)
    expected = by_planes(color.jitter, images, others, strength=0.5) if jittered else images
    found = by_planes(color.Color(0.5).act, images, np.float32([[draw, *others[0]]]))
    np.testing.assert_array_equal(found, expected)
    assert np.array_equal(expected, images) != jittered


@pytest.mark.parametrize("size", SIZES)
def test_each_picture_of_a_batch_has_a_gate_of_its_own(size):
    images = pictures(*size, count=4)
    draws = np.float32([[gate] + [0.3] * color.JITTER_DRAWS for gate in (0.79, 0.8, 0.0, 0.99)])
    alone = [by_planes(color.Color(1.0).act, images[i : i + 1], draws[i : i + 1]) for i in range(4)]
    together = by_planes(color.Color(1.0).act, images, draws)
    np.testing.assert_allclose(together, np.concatenate(alone), atol=1e-6)
