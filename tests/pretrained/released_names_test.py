"""Names of released variables: both ways for every network, and against recorded examples."""

import dataclasses
import itertools

import pytest

from tf_simclr.architectures.resnet_layers import Skeleton, numbered
from tf_simclr.nets.resnet import BLOCKS
from tf_simclr.pretrained.released_names import head_names, renumbered, standard_name, unnumbered

# (stem, selective, squeeze); a small-image stem is one convolution too.
KINDS = list(itertools.product((1, 3), (False, True), (False, True)))
SKELETONS = [Skeleton(depth, *kind) for depth in BLOCKS for kind in KINDS]


def describe(skeleton):
    return "-".join(str(int(part)) for part in dataclasses.astuple(skeleton))


@pytest.mark.parametrize("skeleton", SKELETONS, ids=describe)
def test_roles_to_names_and_back(skeleton):
    """No two variables share a role or a name, and a TensorFlow 1 name is a standard name."""
    names = skeleton.names()
    roles = {name: role for role, name in names.items()}
    assert {role: name for name, role in roles.items()} == names
    assert len(roles) == sum(len(layer.leaves) for layer in skeleton.layers())
    assert all(standard_name(name) == name for name in roles)
    assert renumbered(set(roles)) == {name: name for name in roles}


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
