import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

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


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder"):
        load_encoder(str(tmp_path))
    tf.train.Checkpoint(encoder=tf.Variable(1.0)).write(str(tmp_path / "mine"))
    with pytest.raises(ValueError, match=r"`checkpoint` must hold a ResNet of this project's"):
        load_encoder(str(tmp_path / "mine"))
