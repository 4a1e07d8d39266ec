"""What was found in the data is said, and what the training step makes of pairs of views."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods, replicas
from tf_simclr.assembly import build_data
from tf_simclr.assembly.build_data import pretrain_views
from tf_simclr.config import Config
from tf_simclr.data.augment.blur import Blur
from tf_simclr.data.augment.color import Color
from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.cutout import Cutout
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.data.augment.rotate import Rotate
from tf_simclr.data.augment.views import View

SEEDS = np.array([[1, 2], [3, 4]])


@pytest.mark.parametrize("use_blur", [False, True])
def test_first_views_come_before_second_ones(use_blur):
    views = pretrain_views(Config.from_flat({"use_blur": use_blur, "image_size": 16}))
    first, second = np.random.default_rng(0).random((2, 6, 16, 16, 3), np.float32)
    finished = views.finish(np.concatenate([first, second], axis=-1), SEEDS).numpy()
    # A blur spreads what it moves: of each picture the mean of the middle hardly changes.
    means = finished[:, 4:12, 4:12].mean((1, 2))
    expected = np.concatenate([first, second])[:, 4:12, 4:12].mean((1, 2))
    np.testing.assert_allclose(means, expected, atol=0.05 if use_blur else 1e-7)
    assert np.abs(expected[:6] - expected[6:]).max() > 0.1


@pytest.mark.parametrize(
    ("settings", "first", "second"),
    [
        ({}, (Flip(), Color(), Gray(), Blur()), None),
        ({"min_crop_area": 0.3, "use_blur": False}, (Flip(), Color(), Gray()), None),
        ({"color_jitter_strength": 0.5}, (Flip(), Color(0.5), Gray(), Blur()), None),
        ({"color_jitter_strength": 0.0}, (Flip(), Blur()), None),
        ({"blur_sigma": "image"}, (Flip(), Color(), Gray(), Blur("image")), None),
        ({"extra_augmentation": "cutout"}, (Flip(), Cutout(), Color(), Gray(), Blur()), None),
        ({"view_operations": "crop"}, (), None),
        ({"view_operations": "crop,blur,flip,blur"}, (Blur(), Flip(), Blur()), None),
        (
            {"view_operations": "crop,gray,rotate", "second_view_operations": "crop,color"},
            (Gray(), Rotate()),
            (Color(),),
        ),
        (
            {"extra_augmentation": "rotate", "second_view_operations": "crop,color"},
            (Flip(), Rotate(), Color(), Gray(), Blur()),
            (Color(),),
        ),
    ],
)
@pytest.mark.parametrize("size", [32, 48])
def test_flags_say_of_which_operations_views_are_made(settings, first, second, size):
    crop = Crop(settings.get("min_crop_area", 0.08))
    views = pretrain_views(Config.from_flat(settings | {"image_size": size}))
    both = View.of(crop, *first), View.of(crop, *(first if second is None else second))
    assert (views.size, views.each) == (size, both)


@pytest.mark.parametrize("size", [8, 24])
def test_strength_0_leaves_colours_alone(size):
    colour = np.uint8([200, 40, 90])
    image = np.broadcast_to(colour, (20, 20, 3))  # of which grayscale would take a fifth
    views = pretrain_views(Config.from_flat({"color_jitter_strength": 0.0, "image_size": size}))
    seeds = tf.constant([[3, number] for number in range(30)], tf.int64)
    batch = tf.map_fn(
        lambda seed: views.prepare_whole(tf.constant(image), seed),
        seeds,
        fn_output_signature={"pictures": tf.uint8, "windows": tf.int32, "draws": tf.float32},
    )
    batch = {name: tf.ensure_shape(part, [30, *part.shape[1:]]) for name, part in batch.items()}
    made = np.split(views.make(batch, one_by_one=False).numpy(), 2, axis=-1)
    np.testing.assert_allclose(made, np.broadcast_to(colour / 255, np.shape(made)), atol=1e-5)


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
    assert build_data.views_in_the_step(config, pretrain_views(config))(batch, SEEDS).shape == (
        8,
        32,
        32,
        3,
    )


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
