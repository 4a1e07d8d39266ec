import pytest
import tensorflow as tf

from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.resnet import ResNet
from tf_simclr.tasks.trained import network_of


@pytest.mark.parametrize(("selector", "layer"), [(0, 0), (1, 1), (2, 2), (-1, 2)])
def test_a_classifier_reads_the_layer_that_it_was_trained_on(selector, layer):
    parts = {
        "encoder": ResNet(10, width_multiplier=0.0625),
        "projection_head": ProjectionHead(num_layers=2, out_dim=8),
        "supervised_head": SupervisedHead(3),
    }
    parts["projection_head"](tf.zeros([1, 4]))
    network = network_of(parts, selector=selector)
    assert network.selector == layer
    before = parts["projection_head"].layers[:layer]
    assert network.of_classifier == [parts["encoder"], *before, parts["supervised_head"]]
