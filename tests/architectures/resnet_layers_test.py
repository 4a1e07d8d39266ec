"""Layers of a ResNet in the original's order, against recorded names."""

import pytest

from tf_simclr.architectures.resnet_layers import Skeleton, numbered, recognise, skeletons
from tf_simclr.nets.resnet import BLOCKS


def test_all_depths_and_kinds_are_tried():
    tried = list(skeletons())
    assert {skeleton.depth for skeleton in tried} == {10, 18, 34, 50, 101, 152, 200}
    kinds = {(s.bottleneck, s.stem, s.selective, s.squeeze) for s in tried}
    # Without a stem of three, selective kernels show in bottlenecks alone.
    assert (False, 1, True, False) not in kinds
    assert {(True, 1, True, True), (True, 3, True, False), (False, 3, True, False)} <= kinds


@pytest.mark.parametrize("skeleton", skeletons(), ids=str)
def test_every_one_is_recognised_by_its_roles_all_of_them(skeleton):
    roles = list(skeleton.names())
    assert recognise(roles) == skeleton
    assert recognise(roles[1:]) is None


# Convolutions of a ResNet are its depth without the classifier, plus a shortcut for each group
# (arXiv 1512.03385, table 1; here group 1 has one too).
@pytest.mark.parametrize("depth", BLOCKS)
def test_every_convolution_has_its_number_and_its_norm(depth):
    names = Skeleton(depth).names().values()
    kernels = {name for name in names if name.endswith("kernel")}
    count = depth - 1 + 4
    assert kernels == {f"base_model/{numbered('conv2d', n)}/kernel" for n in range(count)}
    assert len(names) == count * 5


@pytest.mark.parametrize(
    ("skeleton", "expected"),
    [
        # As variables.json of ckpt_tf1_r18 has them: shortcuts first, in basic blocks too.
        (
            Skeleton(18),
            {
                "stem/conv1/kernel": "base_model/conv2d/kernel",
                "stem/bn1/gamma": "base_model/batch_normalization/gamma",
                "group1/block0/shortcut/conv/kernel": "base_model/conv2d_1/kernel",
                "group1/block0/conv1/kernel": "base_model/conv2d_2/kernel",
                "group1/block1/conv1/kernel": "base_model/conv2d_4/kernel",
                "group2/block0/shortcut/bn/beta": "base_model/batch_normalization_6/beta",
                "group4/block1/bn2/moving_mean": "base_model/batch_normalization_20/moving_mean",
            },
        ),
        # As the names in resnet_r50_sk.json count.
        (
            Skeleton(50, stem=3, selective=True),
            {
                "stem/conv3/kernel": "base_model/conv2d_2/kernel",
                "group1/block0/shortcut/conv/kernel": "base_model/conv2d_3/kernel",
                "group1/block0/sk/conv/kernel": "base_model/conv2d_5/kernel",
                "group1/block0/sk/reduce_conv/kernel": "base_model/conv2d_6/kernel",
                "group1/block0/sk/reduce_bn/gamma": "base_model/batch_normalization_6/gamma",
                "group1/block0/sk/expand_conv/kernel": "base_model/conv2d_7/kernel",
                "group1/block0/conv3/kernel": "base_model/conv2d_8/kernel",
                "group1/block0/bn3/gamma": "base_model/batch_normalization_7/gamma",
                "group2/block0/conv3/kernel": "base_model/conv2d_24/kernel",
            },
        ),
        # As the names in resnet_r50_se.json count.
        (
            Skeleton(50, squeeze=True),
            {
                "group1/block0/se/reduce/kernel": "base_model/conv2d_5/kernel",
                "group1/block0/se/expand/bias": "base_model/conv2d_6/bias",
                "group1/block1/conv1/kernel": "base_model/conv2d_7/kernel",
            },
        ),
    ],
    ids=["18", "50 sk", "50 se"],
)
def test_roles_have_the_recorded_names(skeleton, expected):
    names = skeleton.names()
    assert {role: names[role] for role in expected} == expected
