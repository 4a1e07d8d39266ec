"""Residual blocks: the sum, where it starts, and what a stride does to it."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.blocks import BasicBlock, BlockGroup, Bottleneck, Shortcut, Stem

NORM = {"momentum": 0.9}
PLAIN = {"sk_ratio": 0.0, "se_ratio": 0.0, "norm": NORM}
KINDS = [BasicBlock, Bottleneck]


def images(size, channels=8):
    random = np.random.default_rng(size)
    return tf.constant(random.standard_normal((2, size, size, channels)), tf.float32)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_a_new_block_is_the_relu_of_its_input(kind, training):
    # The main branch ends in a batch norm of gamma 0, so that only the shortcut is left.
    block, inputs = kind(8 // kind.expansion, 1, project=False, **PLAIN), images(5)
    np.testing.assert_array_equal(block(inputs, training=training), tf.nn.relu(inputs))


@pytest.mark.parametrize("kind", KINDS)
def test_output_is_the_relu_of_shortcut_plus_main_branch(kind):
    block, inputs = kind(4, 2, project=True, **PLAIN), images(6)
    block(inputs)
    last = block.bn2 if kind is BasicBlock else block.bn3
    last.gamma.assign(tf.ones_like(last.gamma))
    expected = block.shortcut(inputs) + block.main_branch(inputs, False)
    np.testing.assert_allclose(block(inputs), tf.nn.relu(expected), rtol=1e-6)


@pytest.mark.parametrize("ratios", [(0.0, 0.0), (0.0625, 0.0), (0.0, 0.25)])
@pytest.mark.parametrize(("size", "strides", "expected"), [(6, 1, 6), (6, 2, 3), (7, 2, 4)])
@pytest.mark.parametrize("kind", KINDS)
def test_a_strided_block_halves_its_input_rounded_up(kind, size, strides, expected, ratios):
    sk_ratio, se_ratio = ratios
    block = kind(4, strides, project=True, sk_ratio=sk_ratio, se_ratio=se_ratio, norm=NORM)
    assert block(images(size)).shape == (2, expected, expected, 4 * kind.expansion)


def test_selective_kernels_live_in_bottlenecks_only():
    options = {"project": False, "sk_ratio": 0.0625, "se_ratio": 0.0, "norm": NORM}
    assert Bottleneck(4, 1, **options).sk is not None
    assert not hasattr(BasicBlock(4, 1, **options), "sk")


@pytest.mark.parametrize(("filters", "ratio", "expected"), [(8, 0.25, 2), (2, 0.25, 1)])
def test_squeeze_excite_has_a_share_of_the_blocks_filters_and_at_least_one(
    filters, ratio, expected
):
    block = BasicBlock(filters, 1, project=False, sk_ratio=0.0, se_ratio=ratio, norm=NORM)
    assert block.se.squeezed == expected


@pytest.mark.parametrize("count", [1, 3])
def test_only_the_first_block_of_a_group_strides_and_projects(count):
    ratios = {"sk_ratio": 0.0, "se_ratio": 0.0}
    group = BlockGroup(BasicBlock, count, filters=4, strides=2, ratios=ratios, norm=NORM)
    assert group(images(8)).shape == (2, 4, 4, 4)
    assert [block.shortcut is not None for block in group.blocks] == [True] + [False] * (count - 1)


@pytest.mark.parametrize("size", [4, 5])
def test_a_resnet_d_shortcut_averages_before_it_projects(size):
    shortcut, inputs = Shortcut(3, 2, True, NORM), images(size)
    outputs = shortcut(inputs)
    # ResNet-D (arXiv 1812.01187): means of 2 x 2; the padding of k = 2 is one row of 0 behind.
    padded = np.pad(inputs, ((0, 0), (0, 1), (0, 1), (0, 0)))
    side = size // 2 * 2 + size % 2 * 2
    even = padded[:, :side, :side].reshape(2, side // 2, 2, side // 2, 2, 8).mean((2, 4))
    expected = even @ shortcut.conv.kernel[0, 0].numpy() / np.sqrt(1 + 1e-5)
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("small", "deep", "convs"),
    [(True, False, 1), (True, True, 1), (False, False, 1), (False, True, 3)],
)
@pytest.mark.parametrize("size", [12, 13])
def test_stem_quarters_the_input_or_leaves_small_images_whole(small, deep, convs, size):
    stem = Stem(8, small_images=small, deep=deep, norm=NORM)
    endpoints = stem(images(size, 3))
    half, quarter = -(-size // 2), -(-size // 4)
    assert endpoints["initial_conv"].shape[1] == (size if small else half)
    assert endpoints["initial_max_pool"].shape == (2, *2 * [size if small else quarter], 8)
    assert len(stem.convs) == convs
    assert float(tf.reduce_min(endpoints["initial_conv"])) < 0  # before the norm and ReLU
    assert float(tf.reduce_min(endpoints["initial_max_pool"])) >= 0
