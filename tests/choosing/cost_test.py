"""The cost of a network is that of its convolutions, as Keras makes them."""

import pytest
import tensorflow as tf

from tf_simclr.choosing import cost
from tf_simclr.nets import resnet
from tf_simclr.nets.layers import Conv


def counted(net, side):
    """Multiplications of the convolutions of a built network, from the shapes they really give."""
    total, calls = 0, []
    original = Conv.call

    def call(self, inputs):
        outputs = original(self, inputs)
        calls.append((self, outputs.shape))
        return outputs

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Conv, "call", call)
        net(tf.zeros([1, side, side, 3]))
    for layer, shape in calls:
        (kernel,) = [v for v in layer.trainable_variables if len(v.shape) == 4]
        total += kernel.shape.num_elements() * shape[1] * shape[2]
    return total


@pytest.mark.parametrize(
    ("depth", "width", "side", "stem", "small"),
    [
        (18, 0.25, 48, "auto", False),
        (34, 0.125, 32, "auto", True),
        (50, 0.125, 65, "large", False),
        (18, 0.25, 48, "small", True),
        (10, 0.25, 32, "large", False),
    ],
)
def test_the_cost_is_that_of_the_networks_own_convolutions(depth, width, side, stem, small):
    net = resnet.ResNet(depth, width_multiplier=width, small_images=small)
    adds = counted(net, side)
    assert cost.multiply_adds(depth, width, side, small=small) == adds
    gflop = cost.step_gflop(depth, width, side, 10, stem=stem)
    assert gflop == pytest.approx(2 * 3 * 2 * 10 * adds / 1e9)


def test_a_step_costs_what_its_views_cost_by_the_stem_of_its_pictures():
    by_views = cost.step_gflop(18, 0.5, 48, 10, view=32)
    assert by_views == cost.step_gflop(18, 0.5, 32, 10, stem="large")
    assert cost.step_gflop(18, 0.5, 48, 10, stem="small", view=32) > by_views


def test_it_has_the_papers_networks():
    """He et al. (arXiv 1512.03385, table 1): 1.8e9 and 3.8e9 multiply-adds at 224 pixels."""
    assert cost.multiply_adds(18, 1, 224) == pytest.approx(1.8e9, rel=0.03)
    # Its table counts a stride in the first 1x1; here the 3x3 has it, which costs 0.3e9 more.
    assert cost.multiply_adds(50, 1, 224) == pytest.approx(4.1e9, rel=0.03)
    assert cost.BLOCKS == resnet.BLOCKS and cost.WIDTHS == resnet.WIDTHS
    assert cost.FIRST_BOTTLENECK_DEPTH == resnet.FIRST_BOTTLENECK_DEPTH


def test_a_step_has_two_views_and_three_passes_of_each():
    one = cost.multiply_adds(18, 0.5, 48)
    assert cost.step_gflop(18, 0.5, 48, 10) == pytest.approx(2 * 3 * 2 * 10 * one / 1e9)
