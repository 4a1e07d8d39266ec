import os
import shutil
import warnings

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import load_encoder


@pytest.mark.parametrize("place", ["", "ckpt-3", "hub/3", "saved_model/3"])
def test_without_settings_the_variables_tell_the_architecture(trained_run, tmp_path, place):
    run = shutil.copytree(trained_run, tmp_path / "run")
    images = np.random.default_rng(0).random((2, 16, 16, 3), np.float32)
    encoder = load_encoder(os.path.join(run, place))
    assert encoder.num_features == 32  # 512 channels times a width of 1/16
    for settings in run.glob("**/flags.json"):
        settings.unlink()
    bare = load_encoder(os.path.join(run, place))
    for name, value in encoder(images).items():
        np.testing.assert_array_equal(bare(images)[name], value, err_msg=name)


def told(encoder, images):
    """What an eager call with the images warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        encoder(images)
    return [str(warning.message) for warning in caught if "was trained on" in str(warning.message)]


@pytest.mark.parametrize("place", ["", "hub/3"])
def test_pictures_that_it_was_not_trained_for_are_warned_of_once(trained_run, place):
    encoder = load_encoder(os.path.join(trained_run, place))
    assert encoder.trained_size == 16
    pictures = np.random.default_rng(0).random((2, 32, 16, 3), np.float32)
    assert told(encoder, pictures[:, :16]) == []
    (size,) = told(encoder, pictures)
    assert "16 x 16 pixels, and these have 32 x 16" in size and size.endswith("to 16 x 16.")
    (values,) = told(encoder, 255 * pictures)
    assert "values in [0, 1], and these have values from" in values
    assert told(encoder, 255 * pictures) == []


def test_only_eager_calls_warn(trained_run):
    encoder = load_encoder(trained_run)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tf.function(encoder).get_concrete_function(tf.TensorSpec([None, 64, 64, 3]))
        keras.Model(images := keras.Input([64, 64, 3]), encoder(images))


def test_where_nothing_tells_the_size_none_is_claimed(trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    (run / "flags.json").unlink()
    encoder = load_encoder(str(run))
    assert encoder.trained_size is None
    assert told(encoder, np.full([1, 64, 64, 3], 255, np.float32)) == []


def test_bytes_are_refused_in_words(trained_run):
    encoder = load_encoder(trained_run)
    with pytest.raises(ValueError, match=r"`images` must be float, in \[0, 1\]. Received: .*uint8"):
        encoder(np.zeros([1, 16, 16, 3], np.uint8))


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder"):
        load_encoder(str(tmp_path))
    tf.train.Checkpoint(encoder=tf.Variable(1.0)).write(str(tmp_path / "mine"))
    with pytest.raises(ValueError, match=r"`checkpoint` must hold a ResNet of this project"):
        load_encoder(str(tmp_path / "mine"))
