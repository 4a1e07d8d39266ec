"""The layers that can be judged: which there are, and what their features are of."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config
from tf_simclr.judging.endpoints import asked, layers_of, names_of, pixels_of

SMALL = {"resnet_depth": 10, "width_multiplier": 1 / 16, "proj_out_dim": 5, "num_proj_layers": 2}
NAMES = (
    *("stem", "stem_2x2", "block_group1", "block_group1_2x2", "block_group2", "block_group2_2x2"),
    *("block_group3", "block_group3_2x2", "block_group4", "block_group4_2x2"),
    *("final", "projection1", "projection2"),
)


def config_of(**flags):
    return Config.from_flat(SMALL | {"image_size": 16} | flags)


def test_the_architecture_and_the_head_say_which_layers_there_are():
    architecture = architecture_of(config_of().flat())
    assert names_of(architecture, 2) == NAMES
    assert names_of(architecture, 0) == NAMES[:-2]


def test_all_are_all_and_some_come_in_the_networks_order():
    assert asked(NAMES, "all", ()) == NAMES
    assert asked(NAMES, "", ("projection1", "stem", "stem")) == ("stem", "projection1")


@pytest.mark.parametrize("wrong", ["block_group5", "stem_3x3", "last", ""])
def test_a_layer_that_is_not_there_is_refused_with_those_that_are(wrong):
    with pytest.raises(ValueError) as error:
        asked(NAMES, f"stem,{wrong}", ("stem", wrong))
    assert str(error.value) == (
        f"`judge_endpoints` must be last, all, or some of {', '.join(NAMES)}."
        f" Received: judge_endpoints='stem,{wrong}'."
    )


@pytest.mark.parametrize(
    ("flags", "layers"),
    [
        ({"train_mode": "pretrain"}, 2),
        ({"train_mode": "pretrain", "proj_head_mode": "linear"}, 1),
        ({"train_mode": "pretrain", "proj_head_mode": "none"}, 0),
        ({"train_mode": "finetune", "ft_proj_selector": 1}, 1),
        ({"train_mode": "finetune", "ft_proj_selector": -1}, 2),
        ({"train_mode": "supervised"}, 0),
    ],
)
def test_projections_that_a_method_does_not_train_are_not_judged(flags, layers):
    config = config_of(mode="eval", judge_endpoints="all", **flags)
    names = methods.method_of(config).judged_layers(config)
    assert [name for name in names if "projection" in name] == [
        f"projection{layer}" for layer in range(1, layers + 1)
    ]
    methods.checked(config)
    beyond = config.replaced({"judge_endpoints": f"projection{layers + 1}"})
    with pytest.raises(ValueError, match="`judge_endpoints` must be last, all, or some of stem, "):
        methods.checked(beyond)
    methods.checked(beyond.replaced({"mode": "train"}))  # Nothing is judged.


@pytest.mark.parametrize("side", [16, 9])
def test_features_are_means_of_the_maps_the_representation_and_its_projections(side):
    config = config_of(image_size=side)
    net = methods.network(config, methods.Lesson())
    names = NAMES[1:3] + NAMES[-4:]
    stages = architecture_of(config.flat()).stages
    layers = layers_of(net, stages, names, tf.distribute.get_strategy())
    images = np.random.default_rng(0).random((3, side, side, 3)).astype(np.float32)
    found = layers.features(tf.constant(images))
    assert list(found) == list(names) == list(layers.names)
    endpoints = net.encoder(images, training=False)
    stem = endpoints["initial_max_pool"].numpy()
    half, other = -(-side // 2), side // 2
    quarters = [
        stem[:, rows, columns].mean(axis=(1, 2))
        for rows in (slice(half), slice(other, None))
        for columns in (slice(half), slice(other, None))
    ]
    close = {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(found["stem_2x2"], np.concatenate(quarters, axis=1), **close)
    group = endpoints["block_group1"].numpy()
    np.testing.assert_allclose(found["block_group1"], group.mean(axis=(1, 2)), **close)
    np.testing.assert_allclose(found["final"], endpoints["final_avg_pool"], **close)
    for number, layer in enumerate(net.projection_head(endpoints["final_avg_pool"])[1:], start=1):
        np.testing.assert_allclose(found[f"projection{number}"], layer, **close)


def test_a_map_of_one_pixel_is_not_pooled_to_two_by_two():
    config = config_of(image_size=8)  # 8, 4, 2 and 1 pixels behind the four groups
    net = methods.network(config, methods.Lesson())
    stages = architecture_of(config.flat()).stages
    layers = layers_of(net, stages, NAMES, tf.distribute.get_strategy())
    found = layers.features(tf.zeros([2, 8, 8, 3]))
    assert set(NAMES) - set(found) == {"block_group4_2x2"}
    np.testing.assert_array_equal(found["block_group4"], found["final"])


def test_a_network_without_stages_and_projections_has_its_last_layer():
    class Plain:
        encoder = staticmethod(
            lambda images, training: {"final_avg_pool": tf.reduce_mean(images, [1, 2])}
        )

    layers = layers_of(Plain(), {}, ("final",), tf.distribute.get_strategy())
    found = layers.features(tf.ones([2, 4, 4, 3]))
    np.testing.assert_array_equal(found["final"], np.ones([2, 3]))


@pytest.mark.parametrize(
    ("side", "sizes"), [(32, [1, 2, 4, 8, 16, 32]), (28, [1, 2, 4, 8, 16, 28]), (1, [1])]
)
def test_raw_pixels_have_sizes_to_choose_among(side, sizes):
    layers = pixels_of(side)
    assert layers.names == [f"{size}x{size}" for size in sizes]
    assert layers.last == f"{side}x{side}"
    images = tf.random.stateless_uniform([2, side, side, 3], [0, 1])
    found = layers.features(images)
    assert [each.shape[1:3] for each in found.values()] == [(size, size) for size in sizes]
    np.testing.assert_array_equal(found[layers.last], images)
    # The smallest is about the mean colour: the kernel that scales down weighs the middle more.
    mean = tf.reduce_mean(images, [1, 2])
    np.testing.assert_allclose(found["1x1"][:, 0, 0], mean, atol=0.05)
