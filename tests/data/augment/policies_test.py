"""Views with labels and of evaluation: shape and range, that they follow from the seed."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.crop import center_crop, crop_and_resize, random_window, resize
from tf_simclr.data.augment.policies import FinetuneView, evaluation_view


def picture(height=40, width=30):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


def finetune(image, seed, size=16):
    view, image, seed = FinetuneView(size), tf.constant(image), tf.constant(seed)
    return view.make(image, view.windows(tf.shape(image), seed), seed)


VIEWS = {
    "finetune": finetune,
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


def test_training_views_follow_from_the_seed():
    one, again, other = (finetune(picture(), [3, seed]) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.05


@pytest.mark.parametrize(("height", "width", "size"), [(40, 30, 16), (20, 50, 48)])
def test_training_views_are_a_random_crop_that_may_be_mirrored(height, width, size):
    image = tf.constant(np.float32(picture(height, width) / 255))
    mirrored, drawn = [], []
    for number in range(40):
        seed = tf.constant([number, 2])
        windows = FinetuneView(size).windows(tf.shape(image), seed)
        window_seed, flip_seed = tf.unstack(tf.random.split(seed, 2))
        drawn.append(float(tf.random.stateless_uniform([1], flip_seed)[0]) < 0.5)
        np.testing.assert_array_equal(windows, [random_window(tf.shape(image), window_seed)])
        crop = np.clip(crop_and_resize(image, windows[0], size, size), 0, 1)
        view = FinetuneView(size).make(image, windows, seed)
        mirrored.append(not np.allclose(view, crop, atol=1e-6))
        np.testing.assert_allclose(view, crop[:, ::-1] if mirrored[-1] else crop, atol=1e-6)
    assert mirrored == drawn
    assert abs(sum(mirrored) - 20) < 12.7  # Binomial(40, .5): four deviations of 3.16.


@pytest.mark.parametrize("name", VIEWS)
def test_bytes_and_floats_of_one_picture_look_alike(name):
    image = picture()
    np.testing.assert_allclose(
        VIEWS[name](image, [3, 1]), VIEWS[name](np.float32(image / 255), [3, 1]), atol=1e-5
    )


@pytest.mark.parametrize(("height", "width"), [(80, 60), (50, 90)])
def test_large_pictures_are_evaluated_by_their_centre(height, width):
    image = tf.constant(np.float32(picture(height, width) / 255))
    expected = tf.clip_by_value(center_crop(image, 48, 48), 0, 1)
    np.testing.assert_array_equal(evaluation_view(image, size=48), expected)


@pytest.mark.parametrize("size", [32, 48])
def test_as_much_of_a_picture_is_evaluated_as_is_asked_for(size):
    image = tf.constant(np.float32(picture(80, 60) / 255))
    whole, half = (evaluation_view(image, size=size, share=share) for share in (1, 0.5))
    np.testing.assert_allclose(
        whole, tf.clip_by_value(resize(image[10:70], size, size), 0, 1), atol=1e-6
    )
    expected = tf.clip_by_value(resize(image[25:55, 15:45], size, size), 0, 1)
    np.testing.assert_allclose(half, expected, atol=1e-6)


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
