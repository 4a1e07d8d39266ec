"""Which weights decay, on a model small enough to list them."""

import pytest
import tensorflow as tf

from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.resnet import ResNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.decay import weight_roles


def tiny_encoder(**kwargs):
    return ResNet(18, width_multiplier=1 / 32, small_images=True, **kwargs)


@pytest.fixture(scope="module")
def net():
    net = SimCLR(tiny_encoder(se_ratio=0.5), ProjectionHead(out_dim=4), num_classes=3)
    net(tf.zeros([1, 8, 8, 3]))
    return net


@pytest.fixture(scope="module")
def roles(net):
    return weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)


def names(variables):
    return {variable.name for variable in variables}


def test_every_trainable_variable_has_one_role(net, roles):
    found = [*roles.norms, *roles.biases, *roles.classifier, *roles.kernels]
    assert len(found) == len(net.trainable_variables)
    assert names(found) == names(net.trainable_variables)


def test_roles_follow_from_the_owning_layer(roles):
    ends = {name.rsplit("/", 1)[1] for name in names(roles.norms)}
    assert ends == {"gamma:0", "beta:0"}
    # One in the stem, two in each of 8 blocks, four projection shortcuts, three in the head, the
    # last of which has no beta: 2 * 24 - 1.
    assert len(roles.norms) == 47
    assert names(roles.classifier) == {f"simclr/head_supervised/{n}:0" for n in ("kernel", "bias")}
    assert all("/se/" in name and name.endswith("bias:0") for name in names(roles.biases))
    assert len(roles.biases) == 16  # two in each of 8 blocks
    assert all(name.endswith("kernel:0") for name in names(roles.kernels))


def test_lars_leaves_out_norms_biases_and_classifier(roles):
    outside = names(roles.outside_lars())
    assert outside == names(roles.norms) | names(roles.biases) | names(roles.classifier)


@pytest.mark.parametrize("optimizer", ["lars", "lamb"])
def test_with_those_that_decay_the_l2_term_is_the_classifiers_kernel(roles, optimizer):
    assert names(roles.l2(optimizer)) == {"simclr/head_supervised/kernel:0"}


@pytest.mark.parametrize("optimizer", ["momentum", "adam"])
def test_with_others_the_l2_term_spares_batch_norm_alone(net, roles, optimizer):
    assert names(roles.l2(optimizer)) == names(net.trainable_variables) - names(roles.norms)


@pytest.mark.parametrize(("frozen", "kernels"), [(4, 0), (3, 5)])
def test_frozen_variables_have_no_role(frozen, kernels):
    net = Classifier(tiny_encoder(), ProjectionHead(), num_classes=3, freeze_up_to=frozen)
    net.build([None, 8, 8, 3])
    roles = weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)
    # The last group: shortcut and two convolutions, then two convolutions, each with its norm.
    assert len(roles.kernels) == kernels
    assert len(roles.norms) == 2 * kernels
    assert len(roles.classifier) == 2
