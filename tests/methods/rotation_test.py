"""Rotation prediction as a method: its views, its judgement, what it refuses, what it ignores."""

import types

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks
from tf_simclr.config.repeat import repeat_command
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.methods.rotation import METHOD
from tf_simclr.nets.rotation import RotationNet

ROTATION = {"pretext_task": "rotation"}


def config_of(**flags):
    return Config.from_flat(ROTATION | flags)


@pytest.mark.parametrize(
    ("flags", "operations"),
    [
        ({}, (Flip(),)),  # The paper's: crop and flip.
        ({"view_operations": "crop,gray"}, (Gray(),)),
        ({"view_operations": "crop", "second_view_operations": "crop,gray"}, ()),
    ],
)
def test_it_sees_one_view_by_the_papers_operations_or_those_that_are_given(flags, operations):
    views = build_data.single_view(config_of(**flags))
    (view,) = views.each
    assert (*view.by_picture, *view.in_the_step) == operations


def test_the_originals_operations_can_be_given_too():
    everything = "crop,flip,color,gray,blur"
    given = config_of(view_operations=everything)
    assert given.operations[0] == tuple(everything.split(","))
    assert Config.from_json(given.to_json()).operations == given.operations
    assert config_of().operations == (("crop", "flip"),) * 2


@pytest.mark.parametrize(
    "flags",
    [
        {"view_operations": "crop,flip,rotate"},
        {"view_operations": "crop,rotate", "train_batch_size": 1},
        {"extra_augmentation": "rotate"},
    ],
)
def test_a_quarter_turn_among_the_operations_would_make_labels_wrong(flags):
    with pytest.raises(ValueError, match="`.*` must not have rotate with --pretext_task=rotation"):
        methods.checked(config_of(**flags))
    methods.checked(Config.from_flat(flags | {"train_mode": "finetune"}))
    methods.checked(config_of(second_view_operations="crop,rotate"))  # It has no second view.


def test_a_batch_of_one_picture_has_four_examples_and_parts_divide_it():
    methods.checked(config_of(train_batch_size=1))
    with pytest.raises(ValueError, match="`microbatches` must divide train_batch_size=9"):
        methods.checked(config_of(train_batch_size=9, microbatches=2))


def test_what_it_does_not_use_is_said():
    (said,) = remarks(
        config_of(
            temperature=0.3,
            loss="dcl",
            memory_size=4,
            lineareval_while_pretraining=False,
            second_view_operations="crop",
        )
    )
    names = ("second_view_operations", "loss", "temperature", "memory_size", "lineareval")
    assert all(f"--{name}" in said for name in names)
    assert said.endswith("have no effect with --pretext_task=rotation.")
    assert remarks(config_of(view_operations="crop", microbatches=2, augment_on="host")) == []
    (blur,) = remarks(config_of(blur_sigma="image"))
    assert blur == "--blur_sigma has no effect without blur in --view_operations."
    (labels,) = remarks(config_of(label_fraction=0.5, dataset="emoji32"))
    assert labels.endswith("no effect with --pretext_task=rotation, which trains no linear head.")
    assert remarks(config_of(label_fraction=0.5, dataset="emoji32", mode="train_then_eval")) == []


def test_the_command_that_repeats_a_run_has_no_flag_of_other_tasks():
    flags = {"dataset": "image_folder", "data_dir": "p", "model_dir": "r", "train_steps": 3}
    command = repeat_command(config_of(**flags))
    assert "--pretext_task=rotation" in command and "--learning_rate=" in command
    assert "--min_crop_area=" in command
    for name in ("temperature", "lineareval", "use_blur", "color_jitter_strength"):
        assert name not in command
    assert "--temperature=" in repeat_command(Config.from_flat(flags))
    # A page draws it of whatever mode.
    assert "--learning_rate=" in repeat_command(config_of(**flags, mode="eval"))


@pytest.fixture
def data_flags(picture_folder):
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "eval_split": "test"}
    return flags | {"image_size": 16, "train_batch_size": 4}


def test_the_four_turns_of_each_picture_are_drawn(data_flags):
    config = config_of(**data_flags)
    drawn = METHOD.views(config, build_data.source(config))
    assert drawn.pictures.shape == (8, 4, 16, 16, 3) and drawn.pictures.dtype == np.uint8
    for turn in range(4):
        expected = np.rot90(drawn.pictures[:, 0], turn, axes=(1, 2))
        np.testing.assert_array_equal(drawn.pictures[:, turn], expected)
    assert drawn.words.captions == ("0°", "90°", "180°", "270°")
    assert drawn.strip().shape == (8, 64, 16, 3)
    other = config_of(**data_flags | {"train_split": "elsewhere"})
    assert METHOD.views(other, build_data.source(config)) is None


def by_brightest_corner(images, training):
    """A network that knows: the brightest corner goes from the top left round by each turn."""
    corners = tf.stack(
        [images[:, 0, 0, 0], images[:, -1, 0, 0], images[:, -1, -1, 0], images[:, 0, -1, 0]], -1
    )
    return {"logits_rotation": corners}


def test_a_picture_is_right_by_the_share_of_its_turns():
    """A picture whose top left is bright has all right; one that is even, that of the first."""
    images = np.zeros([3, 4, 4, 3], np.float32)
    images[0, 0, 0] = 1
    images[2, 0, -1] = 1  # The same, turned by 270 degrees already.
    share = METHOD.right(config_of(), by_brightest_corner, images)
    assert share.numpy().tolist() == [1.0, 0.25, 0.0]


@pytest.mark.parametrize(("limit", "asked"), [(3, 4), (100, 8)])
def test_the_judgement_is_the_mean_over_the_pictures_that_are_judged(
    data_flags, limit, asked, monkeypatch
):
    config = config_of(**data_flags, judge_examples=limit, eval_batch_size=2, resnet_depth=10)
    config = config.replaced({"width_multiplier": 0.0625, "proj_out_dim": 4})
    net = methods.network(config, methods.Lesson())
    seen = []

    def right(config, net, images):
        seen.append(len(images))
        return tf.cumsum(tf.ones([len(images)])) / 2  # .5 and 1 in each batch

    monkeypatch.setattr(METHOD, "right", right)
    tf.config.run_functions_eagerly(True)
    data = build_data.source(config)
    found = METHOD.judge(config, data, net, sorted(net.parts()))
    assert sum(seen) == asked
    expected = {3: (0.5 + 1 + 0.5) / 3, 100: 0.75}[limit]
    assert found.results == {
        "eval/rotation_accuracy": pytest.approx(expected),
        "eval/rotation_chance": 0.25,
    }
    assert found.classified is None
    without = METHOD.judge(config, data, net, ["encoder", "projection_head"])
    assert without.results == {}  # Averaged weights are not of its head.


def test_its_line_has_what_guessing_would_give():
    result = {"eval/rotation_accuracy": 0.831, "eval/rotation_chance": 0.25}
    assert METHOD.told(result) == ["Rotation accuracy on test pictures: 83.1 % (chance 25.0 %)"]
    assert METHOD.told({}) == []


def test_the_network_has_its_head_among_its_parts():
    config = config_of(resnet_depth=10, width_multiplier=0.0625, image_size=16, proj_out_dim=4)
    net = methods.network(config, methods.Lesson(5, teacher=types.SimpleNamespace()))
    assert isinstance(net, RotationNet) and net.supervised_head is None
    assert set(net.parts()) == {"encoder", "projection_head", "rotation_head"}
    assert not METHOD.has_classifier(config) and METHOD.labels(config) == "none"
