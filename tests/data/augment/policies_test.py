"""The three views: shape and range, that they follow from the seed, how often gates open."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import color
from tf_simclr.data.augment.crop import center_crop, resize
from tf_simclr.data.augment.cutout import random_cutout
from tf_simclr.data.augment.policies import evaluation_view, finetune_view, pretrain_view
from tf_simclr.data.augment.rotation import random_rotation


def picture(height=40, width=30):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def pretrain(image, seed, size=16, strength=1.0, **options):
    return pretrain_view(
        tf.constant(image), tf.constant(seed), size=size, jitter_strength=strength, **options
    )


VIEWS = {
    "pretrain": pretrain,
    "finetune": lambda image, seed, size=16: finetune_view(
        tf.constant(image), tf.constant(seed), size=size
    ),
    "evaluation": lambda image, seed, size=16: evaluation_view(tf.constant(image), size=size),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize(("height", "width", "size"), [(40, 30, 16), (20, 50, 48), (7, 7, 32)])
def test_views_are_square_floats_between_0_and_1(name, height, width, size):
    # Pixels of 0 and 255 only: bicubic resizing overshoots, so that clipping has work.
    image = (picture(height, width) > 127).astype(np.uint8) * 255
    for seed in range(4):
        view = VIEWS[name](image, [seed, 1], size)
        assert view.shape == (size, size, 3)
        assert view.dtype == tf.float32
        assert view.numpy().min() >= 0 and view.numpy().max() <= 1


@pytest.mark.parametrize("name", ["pretrain", "finetune"])
def test_training_views_follow_from_the_seed(name):
    one, again, other = (VIEWS[name](picture(), [3, seed]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.05


@pytest.mark.parametrize("name", VIEWS)
def test_bytes_and_floats_of_one_picture_look_alike(name):
    image = picture()
    np.testing.assert_allclose(
        VIEWS[name](image, [3, 1]), VIEWS[name](np.float32(image / 255), [3, 1]), atol=1e-5
    )


def test_strength_0_leaves_colours_alone():
    colour = np.uint8([200, 40, 90])
    image = np.broadcast_to(colour, (20, 20, 3))
    for seed in range(30):  # of which grayscale would take a fifth
        view = pretrain(image, [seed, 0], size=8, strength=0.0)
        np.testing.assert_allclose(view, np.broadcast_to(colour / 255, (8, 8, 3)), atol=1e-5)


def test_strength_scales_the_change_of_colours():
    image = np.full((20, 20, 3), [100, 120, 60], np.uint8)
    seeds = range(20)
    changes = [
        np.mean([np.abs(pretrain(image, [s, 0], 8, strength) - image[:8, :8] / 255) for s in seeds])
        for strength in (0.1, 1.0)
    ]
    assert 0 < changes[0] < changes[1]


@pytest.mark.parametrize("min_area", [0.5, 1.0])
def test_smallest_crop_can_be_chosen(min_area):
    # A ramp tells how much of the width is seen: the range of its values.
    ramp = np.broadcast_to(np.linspace(0, 1, 64, dtype=np.float32)[:, None], (64, 64, 3))
    spans = [
        np.ptp(pretrain(ramp, [seed, 0], 32, 0.0, min_crop_area=min_area)) for seed in range(20)
    ]
    # A window of a share a is at least sqrt(a * 3 / 4) wide.
    assert min(spans) > np.sqrt(min_area * 3 / 4) - 0.08


@pytest.mark.parametrize(("height", "width"), [(80, 60), (50, 90)])
def test_large_pictures_are_evaluated_by_their_centre(height, width):
    image = tf.constant(np.float32(picture(height, width) / 255))
    expected = tf.clip_by_value(center_crop(image, 48, 48), 0, 1)
    np.testing.assert_array_equal(evaluation_view(image, size=48), expected)


@pytest.mark.parametrize("size", [8, 32])
def test_small_pictures_are_evaluated_whole(size):
    image = picture(size, size)
    np.testing.assert_allclose(
        evaluation_view(tf.constant(image), size=size), image / 255, atol=1e-6
    )
    # and other sizes are resized
    larger = tf.constant(np.float32(picture(40, 40) / 255))
    expected = tf.clip_by_value(resize(larger, size, size), 0, 1)
    np.testing.assert_allclose(evaluation_view(larger, size=size), expected, atol=1e-6)


def test_gates_open_as_often_as_the_paper_says():
    # Left half red, right half green and a crop of all: the view tells what was done to it.
    image = np.zeros((8, 8, 3), np.float32)
    image[:, :4, 0] = image[:, 4:, 1] = 0.5
    draws = 2000

    def view(number):
        seed = tf.stack([number, tf.constant(11, tf.int64)])
        return pretrain_view(
            tf.constant(image), seed, size=8, jitter_strength=1.0, min_crop_area=0.999
        )

    views = next(iter(tf.data.Dataset.range(draws).map(view, 2).batch(draws))).numpy()
    gray = np.ptp(views, axis=-1).max((1, 2)) < 1e-5
    coloured = views[~gray]
    red_left = coloured[:, :, :2, 0].mean((1, 2)) > coloured[:, :, :2, 1].mean((1, 2))
    untouched = np.abs(coloured[:, 0, [0, -1]].max(-1) - 0.5).max(1) < 1e-4

    def close(count, total, probability):
        """Within four standard deviations of a binomial."""
        deviation = np.sqrt(total * probability * (1 - probability))
        return abs(count - total * probability) < 4 * deviation

    # Jitter may take away all colour, and it may turn red to green: rarely, by less than 1 %.
    assert close(gray.sum(), draws, color.GRAYSCALE_PROBABILITY)
    assert close(untouched.sum(), len(coloured), 1 - color.JITTER_PROBABILITY)
    plain = red_left[untouched]
    assert close((~plain).sum(), len(plain), 0.5)
    assert (color.JITTER_PROBABILITY, color.GRAYSCALE_PROBABILITY) == (0.8, 0.2)


@pytest.mark.parametrize("extra", [random_rotation, random_cutout])
def test_one_more_operation_changes_the_picture_and_no_other_draw(extra):
    # Without colours, crop and flip are all there is: the operation applied by hand comes after.
    options = {"strength": 0, "size": 24}
    for seed in range(4):
        plain = pretrain(picture(), [3, seed], **options)
        expected = extra(plain, tf.random.fold_in(tf.constant([3, seed]), 2))
        np.testing.assert_array_equal(
            pretrain(picture(), [3, seed], extra=extra, **options), expected
        )
