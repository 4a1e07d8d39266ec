"""Networks and optimisers in Keras' own formats: they come back as they were, or are refused."""

import copy
import pickle

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.dcl import DCL
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.memory import MemoryBank
from tf_simclr.nets.relative_position import RelativePositionNet
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.rotation import RotationNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.nets.student import Student
from tf_simclr.optim.lars import LARS
from tf_simclr.optim.schedules import WarmupCosine

SIZE, CLASSES = 8, 3
IMAGES = np.random.default_rng(0).random((4, SIZE, SIZE, 3), np.float32)
VIEWS = np.random.default_rng(1).random((4, SIZE, SIZE, 6), np.float32)
LABELS = np.eye(CLASSES, dtype=np.float32)[[0, 1, 2, 0]]


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Networks of one block: the rest is more of the same."""
    monkeypatch.setitem(BLOCKS, 10, (1,))


def encoder(**options):
    return ResNet(10, width_multiplier=1 / 16, small_images=True, **options)


def moved(net):
    """The network with other weights than it was drawn with, statistics too."""
    random = np.random.default_rng(2)
    net.set_weights([0.2 + random.random(weight.shape) / 9 for weight in net.get_weights()])
    return net


def functional():
    """What users build around an encoder: its own head on it, trained by LARS."""
    images = keras.Input([SIZE, SIZE, 3])
    hidden = encoder(sk_ratio=0.0625, se_ratio=0.25)(images)["final_avg_pool"]
    projected = ProjectionHead(num_layers=2, out_dim=4)(hidden)[1]
    net = keras.Model(images, SupervisedHead(CLASSES)(projected))
    rate = WarmupCosine(0.1, warmup_steps=1, total_steps=9)
    bias = net.layers[-1].bias
    net.compile(LARS(rate, exclude_from_weight_decay=[bias], weight_decay=0.1), "mse")
    return moved(net)


def simclr(**options):
    net = SimCLR(encoder(), ProjectionHead(num_layers=2, out_dim=4), num_classes=CLASSES, **options)
    net(IMAGES)
    return moved(net)


def rotation(**options):
    net = RotationNet(encoder(), ProjectionHead(num_layers=2, out_dim=4), **options)
    net(IMAGES)
    return moved(net)


def relative_position(**options):
    net = RelativePositionNet(encoder(), **options)
    net(tf.stack([IMAGES] * 9, axis=1))
    return moved(net)


def classifier(model=Classifier, **options):
    head = ProjectionHead(num_layers=2, out_dim=4)
    given = {"num_classes": CLASSES, "selector": 1, "freeze_up_to": 0} | options
    net = model(encoder(), head, **given)
    net.build([None, SIZE, SIZE, 3])
    return moved(net)


def pyramid_classifier():
    return classifier(selector="pyramid")


def built_encoder():
    net = encoder(sk_ratio=0.0625, se_ratio=0.25)
    net(IMAGES)
    return moved(net)


def through(path):
    def there_and_back(net, folder):
        net.save(folder / path)
        return keras.models.load_model(folder / path)

    return there_and_back


def from_config(net, folder):
    again = type(net).from_config(net.get_config())
    again(IMAGES)
    net.save_weights(folder / "all.weights.h5")
    again.load_weights(folder / "all.weights.h5")
    return again


def clone(net, folder):
    again = keras.models.clone_model(net)
    again(IMAGES)
    again.set_weights(net.get_weights())
    return again


WAYS = {
    ".keras": through("net.keras"),
    "from_config": from_config,
    "clone_model": clone,
    "deepcopy": lambda net, folder: copy.deepcopy(net),
    "pickle": lambda net, folder: pickle.loads(pickle.dumps(net)),
}


@pytest.mark.parametrize(
    ("way", "make"),
    [
        *[(".keras", make) for make in (built_encoder, functional, simclr, classifier)],
        *[("from_config", built_encoder), ("clone_model", functional), ("clone_model", classifier)],
        *[("deepcopy", functional), ("pickle", simclr), (".keras", rotation)],
        *[(".keras", relative_position), (".keras", pyramid_classifier)],
    ],
)
def test_a_network_comes_back_as_it_was(tmp_path, make, way):
    net = make()
    again = WAYS[way](net, tmp_path)
    assert type(again) is type(net)
    for ours, theirs in zip(*map(tf.nest.flatten, (again(IMAGES), net(IMAGES))), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert len(again.trainable_weights) == len(net.trainable_weights)


def test_a_functional_network_goes_through_h5_too(tmp_path):
    net = functional()
    again = through("net.h5")(net, tmp_path)
    np.testing.assert_allclose(again(IMAGES), net(IMAGES), rtol=1e-5)
    assert isinstance(again.optimizer, LARS)
    with pytest.raises(NotImplementedError, match="HDF5 .* Consider saving .* `save_weights`"):
        simclr().save(tmp_path / "subclassed.h5")


def frozen(kind):
    """A network on an encoder that does not train, or not all of it."""
    images = keras.Input([SIZE, SIZE, 3])
    base = encoder()
    net = keras.Model(
        images, ProjectionHead(num_layers=2, out_dim=4)(base(images)["final_avg_pool"])[-1]
    )
    if kind == "whole":
        base.trainable = False
    elif kind == "groups":
        base.freeze_up_to(0)
    else:
        for layer in base.submodules:
            layer.trainable = not isinstance(layer, BatchNorm)
        net.layers[-1].layers[0].trainable = False
    return moved(net)


@pytest.mark.parametrize("kind", ["whole", "groups", "norms"])
def test_what_is_frozen_stays_frozen(tmp_path, kind):
    net = frozen(kind)
    again = WAYS[".keras"](net, tmp_path)
    before = net.get_weights()
    trains = {weight.ref() for weight in net.trainable_weights}
    ours = {weight.ref() for weight in again.trainable_weights}
    assert [weight.ref() in ours for weight in again.weights] == [
        weight.ref() in trains for weight in net.weights
    ]
    again(IMAGES, training=True), net(IMAGES, training=True)
    still = [np.array_equal(*pair) for pair in zip(before, net.get_weights())]
    assert [np.array_equal(*pair) for pair in zip(before, again.get_weights())] == still
    assert True in still


def test_an_encoder_made_frozen_is_frozen_inside():
    net = encoder(trainable=False)
    net(IMAGES)
    before = net.get_weights()
    net(IMAGES, training=True)
    assert all(map(np.array_equal, before, net.get_weights()))


def test_a_pretraining_goes_on_where_it_was_saved(tmp_path):
    """With its penalty, and LARS with its exclusions and velocities, under other names or not."""
    net = simclr(loss=DCL(temperature=0.5))
    variables = net.trainable_variables
    rate = WarmupCosine(0.5, warmup_steps=0, total_steps=9)
    net.compile(
        LARS(
            rate,
            weight_decay=0.1,
            exclude_from_weight_decay=[v for v in variables if v.shape.rank < 2],
        ),
        weight_decay=0.1,
        l2_variables=[net.supervised_head.kernel],
        run_eagerly=True,
    )
    net.train_on_batch(VIEWS, LABELS)
    again = WAYS[".keras"](net, tmp_path)
    again.run_eagerly = True
    for trained in (net, again):
        trained.reset_metrics()
    ours, theirs = (n.train_on_batch(VIEWS, LABELS, return_dict=True) for n in (again, net))
    assert theirs["weight_decay"] > 0
    assert ours == pytest.approx(theirs, rel=1e-4)
    for found, expected in zip(again.get_weights(), net.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_saved_model_says_that_it_lost_the_penalty(tmp_path):
    net = simclr()
    net.compile(weight_decay=0.1, l2_variables=[net.supervised_head.kernel])
    with pytest.warns(UserWarning, match="does not keep the L2 penalty"):
        again = through("net")(net, tmp_path)
    assert type(again) is SimCLR
    np.testing.assert_allclose(again(IMAGES)["logits_sup"], net(IMAGES)["logits_sup"], rtol=1e-5)


def test_what_cannot_be_revived_is_not_saved(tmp_path):
    banks = MemoryBank(encoder(), ProjectionHead(num_layers=2, out_dim=4), size=4)
    lost = {
        "make_views": simclr(make_views=lambda images, seeds: images),
        "memory": simclr(memory=banks),
        "teacher": classifier(Student, teacher=lambda images: images),
    }
    for name, net in lost.items():
        with pytest.raises(ValueError, match=f"cannot be saved .* {name}=.* save_weights"):
            net.save(tmp_path / "lost.keras")
        assert not (tmp_path / "lost.keras").exists()
        net.save_weights(tmp_path / f"{name}.weights.h5")
    trained = classifier()
    trained.load_weights(tmp_path / "teacher.weights.h5")
    np.testing.assert_array_equal(trained(IMAGES), lost["teacher"](IMAGES))
