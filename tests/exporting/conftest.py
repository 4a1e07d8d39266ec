"""A small network that every format is tried on."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import ProjectionHead, ResNet
from tf_simclr.exporting.trained_network import TrainedNetwork
from tf_simclr.nets.heads import SupervisedHead
from tf_simclr.nets.layers import BatchNorm

SIDE = 16


def build_network(*, classes=3, selector=1):
    encoder = ResNet(10, width_multiplier=0.0625, small_images=True, bn_momentum=0.8)
    head = ProjectionHead(out_dim=8, bn_momentum=0.8)
    projections = head(encoder(tf.zeros([1, SIDE, SIDE, 3]))["final_avg_pool"])
    classifier = None
    if classes:
        classifier = SupervisedHead(classes)
        classifier(projections[selector])
    norms = [n for part in (encoder, head) for n in part.submodules if isinstance(n, BatchNorm)]
    random = np.random.default_rng(0)
    for norm in norms:  # Training starts some at 0, which switches a block off.
        norm.gamma.assign(random.uniform(0.5, 1.5, norm.gamma.shape))
    return TrainedNetwork(encoder, head, classifier, selector, norms, trained_size=SIDE)


@pytest.fixture(scope="session")
def network():
    """ResNet-10 of width 1/16, a head of three layers, three classes on its first layer."""
    return build_network()


@pytest.fixture(scope="session")
def network_without_classifier():
    return build_network(classes=0, selector=0)


@pytest.fixture(scope="session")
def images():
    return np.random.default_rng(1).random((4, SIDE, SIDE, 3), np.float32)
