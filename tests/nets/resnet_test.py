"""The encoder: its size, its endpoints, and what freezing a part of it means."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.resnet import ResNet

ENDPOINTS = [
    "initial_conv",
    "initial_max_pool",
    "block_group1",
    "block_group2",
    "block_group3",
    "block_group4",
    "final_avg_pool",
    "pyramid",
]


def tiny(**options):
    return ResNet(18, **({"width_multiplier": 1 / 16, "small_images": True} | options))


def images(*shape):
    return np.random.default_rng(0).random(shape, np.float32)


@pytest.mark.parametrize(
    ("depth", "options", "expected"),
    # Measured on the original: the trainable variables of its encoder.
    [
        (18, {"small_images": True}, 11_173_056),
        (18, {}, 11_180_736),
        (50, {}, 23_508_032),
        (50, {"se_ratio": 0.25}, 26_039_024),
        (50, {"sk_ratio": 0.0625}, 35_215_584),
    ],
)
def test_has_as_many_parameters_as_the_original(depth, options, expected):
    net = ResNet(depth, **options)
    # Traced, not run: the variables exist after that.
    images = tf.TensorSpec([1, 32, 32, 3])
    tf.function(net, autograph=False).get_concrete_function(images)
    assert sum(variable.shape.num_elements() for variable in net.trainable_variables) == expected


@pytest.mark.parametrize(("height", "width"), [(32, 32), (33, 47)])
def test_endpoints_of_large_images_halve_five_times_rounded_up(height, width):
    endpoints = tiny(small_images=False)(images(2, height, width, 3))
    assert list(endpoints) == ENDPOINTS
    halvings = dict(zip(ENDPOINTS, (1, 2, 2, 3, 4, 5)))
    channels = dict(zip(ENDPOINTS, (4, 4, 4, 8, 16, 32)))
    for name, times in halvings.items():
        sides = [-(-side // 2**times) for side in (height, width)]
        assert endpoints[name].shape == (2, *sides, channels[name])
    assert endpoints["final_avg_pool"].shape == (2, 32)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (9, 13)])
def test_endpoints_of_small_images_halve_three_times_rounded_up(height, width):
    endpoints = tiny()(images(2, height, width, 3))
    for name, times in dict(zip(ENDPOINTS, (0, 0, 0, 1, 2, 3))).items():
        assert endpoints[name].shape[1:3] == [-(-side // 2**times) for side in (height, width)]


def test_the_representation_is_the_mean_of_the_last_group():
    endpoints = tiny()(images(2, 16, 24, 3))
    mean = endpoints["block_group4"].numpy().mean((1, 2))
    np.testing.assert_allclose(endpoints["final_avg_pool"], mean, rtol=1e-5)


def test_a_stem_of_three_convolutions_has_a_filter_in_each():
    net = ResNet(18, width_multiplier=0.02, sk_ratio=0.0625)  # int(64 * .02) = 1, and half of it 0
    net(tf.zeros([1, 32, 32, 3]))
    assert [conv.filters for conv in net.stem.convs] == [1, 1, 1]


@pytest.mark.parametrize(("depth", "multiplier", "expected"), [(18, 0.3, 153), (50, 1 / 16, 128)])
def test_width_may_be_a_fraction(depth, multiplier, expected):
    # int(512 * .3) = 153; 4 * 512 / 16 = 128
    net = ResNet(depth, width_multiplier=multiplier, small_images=True)
    assert net.num_features == expected
    assert net(images(1, 8, 8, 3))["final_avg_pool"].shape == (1, expected)


def test_a_picture_does_not_depend_on_its_neighbours_in_inference():
    net, batch = tiny(), images(3, 8, 8, 3)
    whole = net(batch)["final_avg_pool"]
    np.testing.assert_allclose(net(batch[1:2])["final_avg_pool"], whole[1:2], atol=1e-5)


def statistics(layer):
    norms = [module for module in layer.submodules if isinstance(module, BatchNorm)]
    moving = [weight for norm in norms for weight in (norm.moving_mean, norm.moving_variance)]
    return [weight.numpy() for weight in moving]


@pytest.mark.parametrize("group", [-1, 0, 2, 4])
def test_frozen_parts_run_in_inference_mode_and_the_others_train(group):
    net, batch = tiny(), images(4, 8, 8, 3)
    net(batch)
    net.freeze_up_to(group)
    parts = [net.stem, *net.groups]
    before = [statistics(part) for part in parts]
    trained, evaluated = net(batch, training=True), net(batch, training=False)
    for number, (part, old) in enumerate(zip(parts, before)):
        frozen = number <= group
        assert bool(part.trainable_variables) != frozen
        for was, now in zip(old, statistics(part)):
            assert np.array_equal(was, now) == frozen
    ends = ENDPOINTS[1:6]
    same = [np.array_equal(trained[name], evaluated[name]) for name in ends]
    assert same == [number <= group for number in range(5)]


@pytest.mark.parametrize("group", [0, 3])
def test_frozen_parts_are_not_among_the_trainable_variables(group):
    net = tiny()
    net(images(1, 8, 8, 3))
    net.freeze_up_to(group)
    frozen = {id(v) for part in [net.stem, *net.groups[:group]] for v in part.variables}
    assert not frozen & {id(variable) for variable in net.trainable_variables}
    count = len(net.trainable_variables)
    net.freeze_up_to(-1)
    assert len(net.trainable_variables) > count


def test_survives_get_config():
    options = {
        "width_multiplier": 0.25,
        "sk_ratio": 0.0625,
        "se_ratio": 0.5,
        "small_images": True,
        "bn_momentum": 0.7,
        "global_bn": False,
        "name": "encoder",
    }
    net = ResNet(34, **options)
    assert net.get_config() == options | {"depth": 34}
    again = ResNet.from_config(net.get_config())
    assert again.get_config() == net.get_config()
    norms = [module for module in again.submodules if isinstance(module, BatchNorm)]
    assert {(norm.momentum, norm.synchronized) for norm in norms} == {(0.7, False)}


@pytest.mark.parametrize(
    ("depth", "options", "message"),
    [
        (20, {}, r"`depth` must be one of \[10, 18, 34, .*\]. Received: depth=20"),
        (18, {"width_multiplier": 0.01}, "`width_multiplier` must .* width_multiplier=0.01"),
        (18, {"width_multiplier": -1}, "`width_multiplier` must .* width_multiplier=-1"),
        (50, {"sk_ratio": -0.1}, r"`sk_ratio` must be in \[0, 1\]. Received: sk_ratio=-0.1"),
        (50, {"se_ratio": 2}, r"`se_ratio` must be in \[0, 1\]. Received: se_ratio=2"),
    ],
)
def test_impossible_networks_are_errors(depth, options, message):
    with pytest.raises(ValueError, match=message):
        ResNet(depth, **options)
