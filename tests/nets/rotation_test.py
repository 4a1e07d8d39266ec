"""Rotation prediction: the turns, their labels, the loss, and the trap of a mirror after a turn."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tiny_encoders import TinyEncoder

from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.rotation import RotationNet, four_turns, turns_of
from tf_simclr.optim.lars import LARS

SIZE, BATCH = 4, 6
IMAGES = np.random.default_rng(0).random((BATCH, SIZE, SIZE, 3), np.float32)
MODES = ("none", "linear", "nonlinear")


def tiny(mode="nonlinear", **options):
    keras.utils.set_random_seed(1)
    net = RotationNet(TinyEncoder(), ProjectionHead(mode, out_dim=5, num_layers=2), **options)
    net(tf.zeros([1, SIZE, SIZE, 3]))
    return net


@pytest.mark.parametrize("side", [1, 5, 8])
def test_the_turns_are_numpys(side):
    """np.rot90 turns against the clock, too."""
    images = np.random.default_rng(1).integers(0, 256, (3, side, side, 2)).astype(np.uint8)
    expected = np.concatenate([np.rot90(images, turn, axes=(1, 2)) for turn in range(4)])
    np.testing.assert_array_equal(four_turns(images), expected)


def test_a_corner_goes_round_against_the_clock():
    """By hand: 1 is at the top left, and goes down, to the right, and up."""
    picture = np.array([[1, 2], [3, 4]])[np.newaxis, :, :, np.newaxis]
    turned = four_turns(picture)[..., 0].numpy().tolist()
    assert turned == [[[1, 2], [3, 4]], [[2, 4], [1, 3]], [[4, 3], [2, 1]], [[3, 1], [4, 2]]]


def test_the_labels_are_in_the_order_of_the_turns():
    labels = turns_of(2).numpy()
    assert labels.argmax(axis=1).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert labels.sum() == 8 and labels.dtype == np.float32


def test_a_mirror_after_the_turn_swaps_90_and_270_and_one_before_it_swaps_nothing():
    """The trap: whoever mirrors what is turned already gives the network wrong labels."""

    def mirrored(images):
        return images[:, :, ::-1]

    zero, quarter, half, three = np.split(four_turns(IMAGES).numpy(), 4)
    before = np.split(four_turns(mirrored(IMAGES)).numpy(), 4)
    np.testing.assert_array_equal(mirrored(quarter), before[3])
    np.testing.assert_array_equal(mirrored(three), before[1])
    np.testing.assert_array_equal(mirrored(zero), before[0])
    np.testing.assert_array_equal(mirrored(half), before[2])
    assert not np.array_equal(quarter, three)


def test_what_makes_the_pictures_in_the_step_comes_before_the_turn():
    """A step that mirrors trains on the turns of mirrored pictures: its loss is theirs."""
    losses = []
    for images, make_views in ((IMAGES, lambda x, _: x[:, :, ::-1]), (IMAGES[:, :, ::-1], None)):
        net = tiny(make_views=make_views)
        net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
        losses += [net.train_on_batch(images, return_dict=True)["rotation_loss"] for _ in range(2)]
    assert losses[:2] == losses[2:] and losses[0] != losses[1]


@pytest.mark.parametrize("mode", MODES)
def test_the_loss_is_the_mean_over_pictures_and_turns(mode):
    """Equations 2 and 3 as two loops."""
    net = tiny(mode)
    net.compile(weight_decay=0.3, l2_variables=[net.rotation_head.kernel], run_eagerly=True)
    total, right = 0.0, 0
    for image in IMAGES:
        for turn in range(4):
            turned = np.rot90(image, turn)[np.newaxis]
            p = tf.nn.softmax(net(turned)["logits_rotation"])[0].numpy()
            total -= np.log(p[turn])
            right += p.argmax() == turn
    results = net.evaluate(IMAGES, batch_size=BATCH, verbose=0, return_dict=True)
    penalty = 0.3 * (net.rotation_head.kernel.numpy() ** 2).sum() / 2
    assert set(results) == set(RotationNet.METRICS)
    assert results["rotation_loss"] == pytest.approx(total / (4 * BATCH), rel=1e-5)
    assert results["rotation_acc"] == pytest.approx(right / (4 * BATCH))
    assert results["total_loss"] == pytest.approx(total / (4 * BATCH) + penalty, rel=1e-5)


def test_of_the_modes_of_the_projection_head_none_leaves_one_linear_layer_on_the_features():
    shapes = {mode: tiny(mode).rotation_head.kernel.shape for mode in MODES}
    assert shapes == {"none": (8, 4), "linear": (5, 4), "nonlinear": (5, 4)}
    layers = {mode: len(tiny(mode).projection_head.layers) for mode in MODES}
    assert layers == {"none": 0, "linear": 1, "nonlinear": 2}


def test_labels_of_the_data_are_ignored():
    net = tiny()
    net.compile(run_eagerly=True)
    alone = net.evaluate(IMAGES, batch_size=BATCH, verbose=0)
    labels = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    assert net.evaluate(IMAGES, labels, batch_size=BATCH, verbose=0) == alone


def test_it_learns_to_tell_which_side_is_bright():
    images = np.linspace(0, 1, SIZE)[:, None, None] + np.zeros([BATCH, SIZE, SIZE, 3], np.float32)
    net = tiny()
    net.compile(keras.optimizers.Adam(0.05))
    history = net.fit(tf.data.Dataset.from_tensors(images), epochs=25, verbose=0).history
    assert history["rotation_acc"][-1] == 1 > history["rotation_acc"][0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_weights_and_loss_stay_in_float32(policy, monkeypatch):
    monkeypatch.setitem(BLOCKS, 10, (1,))
    keras.mixed_precision.set_global_policy(policy)
    try:
        encoder = ResNet(10, width_multiplier=1 / 16, small_images=True)
        net = RotationNet(encoder, ProjectionHead(out_dim=4, num_layers=1), microbatches=2)
        net(IMAGES)
    finally:
        keras.mixed_precision.set_global_policy(None)
    optimizer = LARS(0.5)
    if policy == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    net.compile(optimizer, run_eagerly=True)
    before = net.get_weights()
    assert net(IMAGES)["logits_rotation"].dtype == policy.removeprefix("mixed_")
    loss, right = net.judged(tf.constant(IMAGES), None, training=False)
    assert loss.dtype == right.dtype == tf.float32
    logits = tf.cast(net(four_turns(IMAGES))["logits_rotation"], tf.float32)
    assert float(loss) == float(softmax_cross_entropy(logits, turns_of(BATCH)))
    results = net.train_on_batch(IMAGES, return_dict=True)
    assert all(np.isfinite(list(results.values())))
    assert {weight.dtype for weight in net.trainable_weights} == {tf.float32}
    assert any(not np.array_equal(was, now) for was, now in zip(before, net.get_weights()))
