"""The trained network of a run, with a classifier on the layer that it learned from."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods
from tf_simclr.config import Config
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.resnet import ResNet
from tf_simclr.pretrained.trained import network_of, open_trained
from tf_simclr.workdir import checkpoints, run_folder

SMALL = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}


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


@pytest.mark.parametrize("layer", [1, -1])
def test_a_pretrainings_linear_head_is_handed_out_on_the_layer_that_it_read(tmp_path, layer):
    config = Config.from_flat(SMALL | {"ft_proj_selector": layer})
    net = methods.network(config, methods.Lesson(3))
    checkpoints.Checkpoints(str(tmp_path), net.parts()).save(1)
    run_folder.write_settings(config, str(tmp_path))
    images = tf.random.stateless_uniform([2, 16, 16, 3], (0, 0))
    expected, network = net(images)["logits_sup"], open_trained(str(tmp_path)).network
    endpoints = network.encode(images)
    for logits in (network.heads(endpoints)["logits_sup"], network.classify(endpoints)):
        np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-7)


def test_a_network_without_one_of_its_parts_is_not_handed_out(tmp_path):
    config = Config.from_flat(SMALL)
    encoder = {"encoder": methods.network(config, methods.Lesson(0)).encoder}
    checkpoints.Checkpoints(str(tmp_path), encoder).save(1)
    run_folder.write_settings(config, str(tmp_path))
    with pytest.raises(ValueError, match="must hold a whole network.*without projection_head"):
        open_trained(str(tmp_path))
