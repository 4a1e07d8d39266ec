"""What was found in the data is said, and what the training step makes of pairs of views."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods, replicas
from tf_simclr.assembly import build_data
from tf_simclr.assembly.build_data import blurred_views
from tf_simclr.config import Config

SEEDS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize("use_blur", [False, True])
def test_first_views_come_before_second_ones(use_blur):
    config = Config.from_flat({"use_blur": use_blur})
    first, second = np.random.default_rng(0).random((2, 6, 16, 16, 3), np.float32)
    views = blurred_views(config, np.concatenate([first, second], axis=-1), SEEDS).numpy()
    # A blur spreads what it moves: of each picture the mean of the middle hardly changes.
    means = views[:, 4:12, 4:12].mean((1, 2))
    expected = np.concatenate([first, second])[:, 4:12, 4:12].mean((1, 2))
    np.testing.assert_allclose(means, expected, atol=0.05 if use_blur else 1e-7)
    assert np.abs(expected[:6] - expected[6:]).max() > 0.1


@pytest.mark.parametrize(
    ("settings", "in_the_step"),
    [
        ({}, False),
        ({"use_tpu": True}, True),
        ({"use_tpu": True, "augment_on": "host"}, False),
        ({"augment_on": "device"}, True),
    ],
)
def test_pipeline_and_step_agree_on_who_makes_the_views(settings, in_the_step):
    flags = {"dataset": "emoji32", "image_size": 32, "train_batch_size": 4, "use_blur": False}
    config = Config.from_flat(flags | {"lineareval_while_pretraining": False} | settings)
    data = build_data.source(config)
    strategy = tf.distribute.get_strategy()
    batch = next(iter(methods.training_data(config, data, 0, strategy)))
    assert isinstance(batch, dict) is in_the_step  # What is prepared, or views.
    assert build_data.views_in_the_step(config)(batch, SEEDS).shape == (8, 32, 32, 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"mode": "train"}, "16 pictures to train, 8 to judge"),
        ({"mode": "train", "eval_split": "dev"}, "16 pictures to train"),
        ({"mode": "train_then_eval"}, "16 pictures to train, 8 to judge"),
        ({"mode": "eval"}, "16 pictures to train, 8 to judge"),
        ({"mode": "embed"}, "8 pictures in test, 16 in train"),
        (
            {"mode": "train", "labels_per_class": 3},
            "16 pictures to train (10 without a label), 8 to judge",
        ),
        (
            {"mode": "train", "labels_per_class": 3, "train_mode": "finetune"},
            "6 pictures to train, 8 to judge",
        ),
    ],
)
def test_what_was_found_is_said(picture_folder, capsys, settings, said):
    data = {"dataset": "image_folder", "data_dir": picture_folder, "eval_split": "Testing"}
    methods.source(Config.from_flat(data | settings))
    assert capsys.readouterr().out == f"image_folder: 2 classes: dark, light; {said}\n"


def test_only_the_chief_says_it(picture_folder, capsys, monkeypatch):
    monkeypatch.setattr(replicas, "is_chief", lambda: False)
    data = {"dataset": "image_folder", "data_dir": picture_folder}
    assert build_data.source(Config.from_flat(data)).num_classes == 2
    assert capsys.readouterr().out == ""
