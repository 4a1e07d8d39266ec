"""Names of released variables: both ways for every network, and against recorded examples."""

import itertools

import pytest

from tf_simclr.pretrained.origins import RESNETS
from tf_simclr.pretrained.released_names import (
    Network,
    encoder_layers,
    encoder_names,
    head_names,
    numbered,
    renumbered,
    standard_name,
    unnumbered,
)

# (stem, selective, squeeze); a small-image stem is one convolution too.
KINDS = list(itertools.product((1, 3), (False, True), (False, True)))
NETWORKS = [Network(depth, *RESNETS[depth], *kind) for depth in RESNETS for kind in KINDS]


def describe(network):
    return "-".join(str(int(part)) for part in (network.depth, *network[3:]))


@pytest.mark.parametrize("network", NETWORKS, ids=describe)
def test_roles_to_names_and_back(network):
    """No two variables share a role or a name, and a TensorFlow 1 name is a standard name."""
    names = encoder_names(network)
    roles = {name: role for role, name in names.items()}
    assert {role: name for name, role in roles.items()} == names
    assert len(roles) == sum(len(layer.leaves) for layer in encoder_layers(network))
    assert all(standard_name(name) == name for name in roles)
    assert renumbered(set(roles)) == {name: name for name in roles}


# Convolutions of a ResNet are its depth without the classifier, plus a shortcut for each group
# (arXiv 1512.03385, table 1; here group 1 has one too).
@pytest.mark.parametrize("depth", RESNETS)
def test_every_convolution_has_its_number_and_its_norm(depth):
    names = encoder_names(Network(depth, *RESNETS[depth])).values()
    kernels = {name for name in names if name.endswith("kernel")}
    count = depth - 1 + 4
    assert kernels == {f"base_model/{numbered('conv2d', n)}/kernel" for n in range(count)}
    assert len(names) == count * 5


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        # As variables.json of ckpt_tf1_r18 has them: shortcuts first, in basic blocks too.
        (
            Network(18, (2, 2, 2, 2), False),
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
            Network(50, (3, 4, 6, 3), True, stem=3, selective=True),
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
            Network(50, (3, 4, 6, 3), True, squeeze=True),
            {
                "group1/block0/se/reduce/kernel": "base_model/conv2d_5/kernel",
                "group1/block0/se/expand/bias": "base_model/conv2d_6/bias",
                "group1/block1/conv1/kernel": "base_model/conv2d_7/kernel",
            },
        ),
    ],
    ids=["18", "50 sk", "50 se"],
)
def test_roles_have_the_recorded_names(network, expected):
    names = encoder_names(network)
    assert {role: names[role] for role in expected} == expected


@pytest.mark.parametrize("layers", [0, 1, 2, 3, 4])
def test_names_of_a_projection_head(layers):
    names = head_names(layers)
    assert len(set(names.values())) == len(names) == max(0, 5 * layers - 1)
    assert all(standard_name(name) == name for name in names.values())
    if layers:
        assert names["layer1/dense/kernel"] == "head_contrastive/nl_0/dense/kernel"
        last = f"head_contrastive/nl_{layers - 1}/batch_normalization"
        assert names[f"layer{layers}/bn/gamma"] == f"{last}/gamma"
        assert f"layer{layers}/bn/beta" not in names
        assert (f"layer{layers - 1}/bn/beta" in names) == (layers > 1)


def test_a_linear_head_has_a_name_of_its_own():
    assert head_names(1, linear=True)["layer1/dense/kernel"] == "head_contrastive/l_0/dense/kernel"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # TensorFlow 2, as variables.json of savedmodel_r18 and of ckpt_tf2_r18 have them.
        ("resnet/conv2d_fixed_padding/conv2d/kernel", "base_model/conv2d/kernel"),
        (
            "resnet/block_group1/residual_block/batch_norm_relu_2/sync_batch_normalization_2/beta",
            "base_model/batch_normalization_2/beta",
        ),
        (
            "projection_head/nl_1/batch_norm_relu_22/sync_batch_normalization_22/moving_mean",
            "head_contrastive/nl_1/batch_normalization/moving_mean",
        ),
        ("projection_head/nl_2/dense_2/kernel", "head_contrastive/nl_2/dense/kernel"),
        ("head_supervised/linear_layer/dense_3/bias", "head_supervised/linear_layer/dense/bias"),
        # A second model of one process, and one below another layer.
        ("model/resnet_1/bottleneck_block_17/conv2d_60/kernel", "base_model/conv2d_60/kernel"),
        # TensorFlow 1, as REFERENCE.md lists them.
        ("ema_model/base_model/conv2d_3/kernel", "ema_model/base_model/conv2d_3/kernel"),
        *(
            (name, None)
            for name in (
                "memory",
                "global_step",
                "base_model/conv2d/kernel/Momentum",
                "LARSOptimizer/resnet/conv2d_fixed_padding/conv2d/kernel/Momentum",
                "LARSOptimizer/iter",
                "bert/encoder/dense/kernel",
                "kernel",
                "",
            )
        ),
    ],
)
def test_standard_names(name, expected):
    assert standard_name(name) == expected


def test_counting_starts_at_zero_for_each_kind_of_layer():
    names = {f"base_model/{layer}/kernel" for layer in ("conv2d_20", "conv2d_22", "conv2d_21")}
    names |= {"base_model/batch_normalization_7/gamma"}
    assert renumbered(names) == {
        "base_model/conv2d_20/kernel": "base_model/conv2d/kernel",
        "base_model/conv2d_21/kernel": "base_model/conv2d_1/kernel",
        "base_model/conv2d_22/kernel": "base_model/conv2d_2/kernel",
        "base_model/batch_normalization_7/gamma": "base_model/batch_normalization/gamma",
    }


@pytest.mark.parametrize(("name", "number"), [("conv2d", 0), ("conv2d", 12), ("residual_block", 3)])
def test_numbers_and_back(name, number):
    assert unnumbered(numbered(name, number)) == (name, number)
