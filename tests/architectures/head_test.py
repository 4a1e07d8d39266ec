"""A projection head as a value: off flags and variables, the layer of a selector, what fits."""

import dataclasses

import pytest
import tensorflow as tf

from tf_simclr.architectures.head import HeadArchitecture
from tf_simclr.config import Config

NONLINEAR = HeadArchitecture("nonlinear", 8, 3)
LINEAR = HeadArchitecture("linear", 8, 3)
NONE = HeadArchitecture("none", 8, 3)


def test_of_settings_it_takes_its_flags_and_leaves_the_others():
    values = Config.from_flat({"proj_out_dim": 8}).flat()
    assert HeadArchitecture.of_settings(values) == NONLINEAR
    assert set(dataclasses.asdict(NONLINEAR)) < set(values)


@pytest.mark.parametrize("head", [NONLINEAR, LINEAR, NONE], ids=str)
def test_of_its_own_variables_it_is_the_same(head):
    layer = head.build(bn_momentum=0.9, global_bn=False)
    layer(tf.zeros([1, 4]))
    place = f"{layer.name}/"
    shapes = {v.name.partition(place)[2].partition(":")[0]: v.shape for v in layer.variables}
    found = HeadArchitecture.of_variables(shapes, linear=head.proj_head_mode == "linear")
    assert found.misfits(head) == head.misfits(found) == {}
    assert found.settings() == head.settings()
    assert len(layer.layers) == head.layers


@pytest.mark.parametrize(
    ("head", "layers"), [(NONLINEAR, [0, 1, 2, 3, 3]), (LINEAR, [0, 1, 1]), (NONE, [0, 0])]
)
def test_the_last_layer_has_two_names(head, layers):
    assert [head.layer(selector) for selector in (*range(head.layers + 1), -1)] == layers


@pytest.mark.parametrize(
    ("ours", "theirs", "misfits"),
    [
        (NONLINEAR, HeadArchitecture("nonlinear", 8, 2), {"num_proj_layers": (3, 2)}),
        (NONLINEAR, HeadArchitecture("nonlinear", 9, 3), {"proj_out_dim": (8, 9)}),
        (NONLINEAR, LINEAR, {"proj_head_mode": ("nonlinear", "linear")}),
        (NONLINEAR, NONE, {"proj_head_mode": ("nonlinear", "none")}),
        (LINEAR, HeadArchitecture("linear", 8, 7), {}),  # Its layers decide nothing,
        (NONE, HeadArchitecture("none", 9, 7), {}),  # nor does the width of no layer.
        (LINEAR, HeadArchitecture("nonlinear", 8, 1), {}),  # Without a ReLU it is linear.
        (LINEAR, HeadArchitecture("nonlinear", 9, 1), {"proj_out_dim": (8, 9)}),
    ],
)
def test_what_keeps_weights_from_fitting(ours, theirs, misfits):
    assert ours.misfits(theirs) == misfits


def test_in_words():
    assert NONLINEAR.describe() == "a nonlinear projection head of 3 layers to 8"
    assert LINEAR.describe() == "a linear projection head of 1 layer to 8"
    assert NONE.describe() == "no projection head"
