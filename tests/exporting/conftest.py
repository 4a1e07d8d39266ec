"""A small network that every format is tried on."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import ProjectionHead, ResNet
from tf_simclr.exporting.trained_network import TrainedNetwork
from tf_simclr.nets.heads import SupervisedHead, norm_of_classifier, read_by
from tf_simclr.nets.layers import BatchNorm

SIDE = 16


def build_network(*, classes=3, selector=1):
    encoder = ResNet(10, width_multiplier=0.0625, small_images=True, bn_momentum=0.8)
    head = ProjectionHead(out_dim=8, bn_momentum=0.8)
    endpoints = encoder(tf.zeros([1, SIDE, SIDE, 3]))
    projections = head(endpoints["final_avg_pool"])
    random = np.random.default_rng(0)
    for norm in norms_of(encoder, head):  # Training starts some at 0, which switches a block off.
        norm.gamma.assign(random.uniform(0.5, 1.5, norm.gamma.shape))
    if not classes:
        return TrainedNetwork(encoder, head, None, selector, norms_of(encoder, head), SIDE)
    classifier = SupervisedHead(classes, norm=norm_of_classifier(head, selector))
    classifier(read_by(selector, endpoints, projections))
    norms = norms_of(encoder, head, classifier)
    return TrainedNetwork(encoder, head, classifier, selector, norms, SIDE)


def norms_of(*parts):
    return [n for part in parts for n in part.submodules if isinstance(n, BatchNorm)]


@pytest.fixture(scope="session")
def network():
    """ResNet-10 of width 1/16, a head of three layers, three classes on its first layer."""
    return build_network()


@pytest.fixture(scope="session")
def network_without_classifier():
    return build_network(classes=0, selector=0)


@pytest.fixture
def network_of_pyramid():
    """Its classifier reads the pyramid."""
    return build_network(selector="pyramid")


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).random((4, SIDE, SIDE, 3), np.float32)
