"""Relative position as a method: what it settles and refuses, its judgement, what it ignores."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.assembly.patches import patch_views
from tf_simclr.config import Config
from tf_simclr.config.remarks import remarks
from tf_simclr.methods.relative_position import METHOD
from tf_simclr.nets.relative_position import RelativePositionNet

TASK = {"pretext_task": "relative_position", "image_size": 24}
TINY = TASK | {"resnet_depth": 10, "width_multiplier": 0.0625, "eval_batch_size": 3}


def config_of(**flags):
    return methods.checked(Config.from_flat(TASK | flags))


def test_it_has_a_head_of_its_own_whatever_the_flags_say():
    settled = config_of(proj_head_mode="linear", ft_proj_selector=1, view_size=24)
    assert settled.model.proj_head_mode == "none"
    assert settled.finetuning.ft_proj_selector == 0
    assert settled.data.view_side == settled.data.image_size
    net = methods.network(config_of(**TINY), methods.Lesson(5))
    assert isinstance(net, RelativePositionNet)
    assert set(net.parts()) == {"encoder", "position_head"}
    other = Config.from_flat({"proj_head_mode": "linear"})
    assert methods.checked(other) == other


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            {"image_size": 18},
            "`image_size` is too small for --pretext_task=relative_position: a patch would be 3"
            " pixels wide, but must be at least 4. Received: image_size=18. Give larger pictures,"
            " or other shares in --relative_position_patch, _gap and _jitter.",
        ),
        ({"image_size": 1}, "`image_size` is too small for"),
        (
            {
                "relative_position_patch": 0.33,
                "relative_position_gap": 0.0,
                "relative_position_jitter": 0.004,
                "image_size": 64,
            },
            "patches of 21 pixels, gaps of 0 and jitter of 1 take 65. Received: image_size=64",
        ),
        (
            {"relative_position_patch": 0.3},
            "`relative_position_patch` must leave room for the grid: three patches, two gaps of"
            " 0.11 and the jitter take 1.15 times the side. Received: relative_position_patch=0.3.",
        ),
        ({"relative_position_patch": 0.0}, "`relative_position_patch` must be above 0"),
        ({"relative_position_gap": -0.1}, "`relative_position_gap` must be at least 0"),
        ({"relative_position_jitter": -0.1}, "`relative_position_jitter` must be at least 0"),
        ({"relative_position_color": "gray"}, "`relative_position_color` must be one of ('drop',"),
        ({"train_batch_size": 9, "microbatches": 2}, "`microbatches` must divide train_batch_size"),
        (
            {"view_operations": "crop,rotate"},
            "`view_operations` must not have rotate with --pretext_task=relative_position:"
            " which way is up would be hidden. Received: view_operations='crop,rotate'.",
        ),
        ({"extra_augmentation": "rotate"}, "`extra_augmentation` must not have rotate with"),
        (
            {"view_operations": "crop,flip,blur,gray"},
            "`view_operations` must not have blur with --pretext_task=relative_position: it"
            " would act only after the patches are cut. Received: view_operations=",
        ),
    ],
)
def test_settings_that_cannot_be_are_refused(flags, message):
    with pytest.raises(ValueError) as caught:
        config_of(**flags)
    assert message in str(caught.value)


@pytest.mark.parametrize("operations", ["crop", "crop,flip", "crop,flip,color,gray,cutout"])
def test_what_acts_on_the_whole_view_is_taken(operations):
    assert config_of(view_operations=operations).operations[0] == tuple(operations.split(","))


def test_what_does_not_concern_other_tasks_is_not_refused():
    for values in ({"pretext_task": "simclr"}, {"train_mode": "finetune"}):
        methods.checked(Config.from_flat(TASK | values | {"image_size": 8}))


@pytest.mark.parametrize(("share", "pixels"), [(0.1, 2), (0.19, 3)])
def test_a_folder_of_pictures_that_are_too_small_is_refused(picture_folder, share, pixels):
    """They are of 20 pixels; enlarged to 48, their patches would be blots."""
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "image_size": 48}
    flags |= {"relative_position_patch": share, "relative_position_gap": 0.1}
    config = config_of(**flags)
    with pytest.raises(ValueError) as caught:
        METHOD.check_data(config, build_data.source(config))
    assert str(caught.value).startswith(
        "`train_split` has pictures of 20 pixels, too small for --pretext_task=relative_position: a"
        f" patch would be {pixels} pixels wide, but must be at least 4. Received:"
        " train_split='train'."
    )
    fitting = config_of(**flags | {"relative_position_patch": 0.22})
    METHOD.check_data(fitting, build_data.source(fitting))


def test_what_it_does_not_use_is_said():
    head, loss = remarks(
        Config.from_flat(TASK | {"temperature": 0.3, "num_proj_layers": 2, "proj_out_dim": 4})
    )
    assert loss == "--temperature has no effect with --pretext_task=relative_position."
    assert head == (
        "--proj_out_dim, --num_proj_layers have no effect with --pretext_task=relative_position,"
        " which has a head of its own."
    )
    own = {"relative_position_color": "keep", "relative_position_gap": 0.05}
    assert remarks(Config.from_flat(TASK | own | {"augment_on": "device"})) == []
    (simclr,) = remarks(Config.from_flat(own))
    assert simclr.endswith("have no effect with --pretext_task=simclr.")


@pytest.fixture
def config(picture_folder):
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "eval_split": "test"}
    return config_of(**TINY | flags)


def test_what_the_network_sees_is_drawn(config):
    drawn = METHOD.views(config, build_data.source(config))
    assert drawn.pictures.shape == (8, 3, 96, 96, 3)
    assert drawn.words.captions == ("grid", "centre", "neighbour")
    assert drawn.strip().shape == (8, 2 * 96, 96, 3)  # The network does not see the grid.
    elsewhere = config.replaced({"train_split": "elsewhere"})
    assert METHOD.views(elsewhere, build_data.source(config)) is None


def test_the_judgement_is_the_share_of_neighbours_in_their_place(config):
    data, net = build_data.source(config), methods.network(config, methods.Lesson())
    tf.config.run_functions_eagerly(True)
    found = METHOD.judge(config, data, net, sorted(net.parts()))
    # By hand: all test patches at once, and the places of the largest logits.
    patches = np.concatenate([*METHOD.test_batches(config, data).as_numpy_iterator()])
    assert len(patches) == 8
    places = net(patches)["logits_position"].numpy().argmax(axis=-1)
    assert found.results == {
        "eval/position_accuracy": pytest.approx((places == np.arange(8)).mean()),
        "eval/position_chance": 1 / 8,
    }
    assert METHOD.judge(config, data, net, ["encoder"]).results == {}


def test_its_line_has_what_guessing_would_give():
    result = {"eval/position_accuracy": 0.4, "eval/position_chance": 0.125}
    assert METHOD.told(result) == ["Position accuracy on test pictures: 40.0 % (chance 12.5 %)"]


def test_the_network_trains_on_the_same_patches_wherever_they_are_made(config):
    config, data = config.replaced({"train_batch_size": 4}), build_data.source(config)
    made = []
    for where in ("host", "device"):
        there, strategy = config.replaced({"augment_on": where}), tf.distribute.get_strategy()
        batch = next(iter(methods.training_data(there, data, 0, strategy)))
        assert isinstance(batch, dict) is (where == "device")
        in_the_step = build_data.views_in_the_step(there, patch_views(there))
        made.append(in_the_step(batch, tf.zeros([1, 2], tf.int64)))
    assert made[0].shape == (4, 9, 5, 5, 3)
    np.testing.assert_allclose(*made, atol=2e-3)
