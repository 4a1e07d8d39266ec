"""Relative position: the loss over pairs, its parts, half precision, and that it learns."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tiny_encoders import TinyEncoder

from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.relative_position import RelativePositionNet
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.optim.lars import LARS

SIZES = [(4, 9, 4), (3, 5, 6)]  # batch, patches, side


def patches_of(batch, count, side):
    return np.random.default_rng(side).random((batch, count, side, side, 3), np.float32)


def tiny(patches, **options):
    keras.utils.set_random_seed(1)
    net = RelativePositionNet(TinyEncoder(), **options)
    net(patches)["logits_position"]
    return net


@pytest.mark.parametrize("size", SIZES)
def test_the_loss_is_the_mean_over_pictures_and_neighbours(size):
    """Two loops over pairs: -log p(k | centre, neighbour k), with k counted from 0."""
    patches = patches_of(*size)
    net = tiny(patches)
    kernel = net.position_head.logits.kernel
    net.compile(weight_decay=0.3, l2_variables=[kernel], run_eagerly=True)
    total, right, pairs = 0.0, 0, 0
    for picture in patches:
        features = net.encoder(picture)["final_avg_pool"]
        for k in range(size[1] - 1):
            pair = tf.stack([features[0], features[k + 1]])[tf.newaxis]
            # A head for one neighbour has the weights of that for all.
            each = tf.nn.relu(net.position_head.patch_norm(net.position_head.of_patch(pair)))
            both = tf.reshape(each, [1, -1])
            both = net.position_head.pair_norm(net.position_head.of_pair(both))
            hidden = tf.nn.relu(net.position_head.hidden(tf.nn.relu(both)))
            p = tf.nn.softmax(net.position_head.logits(hidden))[0].numpy()
            total, right, pairs = total - np.log(p[k]), right + (p.argmax() == k), pairs + 1
    results = net.evaluate(patches, batch_size=size[0], verbose=0, return_dict=True)
    assert set(results) == set(RelativePositionNet.METRICS)
    assert results["position_loss"] == pytest.approx(total / pairs, rel=1e-5)
    assert results["position_acc"] == pytest.approx(right / pairs)
    penalty = 0.3 * (kernel.numpy() ** 2).sum() / 2
    assert results["total_loss"] == pytest.approx(total / pairs + penalty, rel=1e-5)


def test_the_tower_sees_all_patches_with_the_same_weights():
    patches = patches_of(2, 9, 4)
    net = tiny(patches)
    swapped = patches.copy()
    swapped[:, [3, 6]] = swapped[:, [6, 3]]
    logits, other = (net(each)["logits_position"].numpy() for each in (patches, swapped))
    np.testing.assert_allclose(other[:, [5, 2]], logits[:, [2, 5]], atol=1e-6)
    np.testing.assert_allclose(np.delete(other, [2, 5], 1), np.delete(logits, [2, 5], 1), atol=1e-6)


def test_whole_pictures_go_through_the_encoder_alone():
    patches = patches_of(2, 9, 4)
    net = tiny(patches)
    outputs = net(patches[:, 0])
    expected = net.encoder(patches[:, 0])["final_avg_pool"]
    assert set(outputs) == {"final_avg_pool", "proj_head_output"}
    for output in outputs.values():
        np.testing.assert_array_equal(output, expected)
    assert set(net.parts()) == {"encoder", "position_head"}
    assert net.supervised_head is None


def test_labels_of_the_data_are_ignored():
    patches = patches_of(4, 9, 4)
    net = tiny(patches)
    net.compile(run_eagerly=True)
    alone = net.evaluate(patches, batch_size=4, verbose=0)
    assert net.evaluate(patches, np.eye(4), batch_size=4, verbose=0) == alone


def test_it_learns_to_tell_patches_that_show_their_place():
    """Patch k shows a bright pixel k, whatever its centre shows."""
    patches = 0.1 * patches_of(8, 9, 3)
    patches[:, np.arange(1, 9), np.arange(8) // 3, np.arange(8) % 3] += 1
    net = tiny(patches)
    net.compile(keras.optimizers.Adam(0.05), run_eagerly=True)
    history = net.fit(tf.data.Dataset.from_tensors(patches), epochs=30, verbose=0).history
    assert history["position_acc"][-1] == 1 > history["position_acc"][0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_weights_and_loss_stay_in_float32(policy, monkeypatch):
    monkeypatch.setitem(BLOCKS, 10, (1,))
    patches = patches_of(4, 9, 4)
    keras.mixed_precision.set_global_policy(policy)
    try:
        encoder = ResNet(10, width_multiplier=1 / 16, small_images=True)
        net = RelativePositionNet(encoder, microbatches=2)
        net(patches)["logits_position"]
    finally:
        keras.mixed_precision.set_global_policy(None)
    optimizer = LARS(0.5)
    if policy == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    net.compile(optimizer, run_eagerly=True)
    before = net.get_weights()
    logits = net(patches)["logits_position"]
    assert logits.dtype == policy.removeprefix("mixed_")
    loss, right = net.judged(tf.constant(patches), None, training=False)
    assert loss.dtype == right.dtype == tf.float32
    logits = tf.reshape(tf.cast(logits, tf.float32), [-1, 8])
    assert float(loss) == float(softmax_cross_entropy(logits, np.tile(np.eye(8), (4, 1))))
    results = net.train_on_batch(patches, return_dict=True)
    assert all(np.isfinite(list(results.values())))
    assert {weight.dtype for weight in net.trainable_weights} == {tf.float32}
    assert any(not np.array_equal(was, now) for was, now in zip(before, net.get_weights()))
