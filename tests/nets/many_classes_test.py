"""The head of very many classes: its weights in blocks, its precision, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.losses.supervised import softmax_cross_entropy, top_k_hits
from tf_simclr.nets.many_classes import ManyClasses

WIDTH, BATCH = 5, 6


def called(classes, block, **options):
    """A head, features, labels, and what it says of them."""
    keras.utils.set_random_seed(1)
    head = ManyClasses(classes, block=block, **options)
    random = np.random.default_rng(0)
    features = tf.constant(20 * random.standard_normal((BATCH, WIDTH)), tf.float32)
    labels = tf.constant(random.integers(0, classes, BATCH))
    return head, features, labels, head(features, labels)


@pytest.mark.parametrize(("classes", "block"), [(7, 3), (8, 8), (4, 100)])
def test_blocks_are_one_linear_layer(classes, block):
    head, features, labels, (loss, hits) = called(classes, block)
    for number, bias in enumerate(head.biases):
        bias.assign_add(tf.fill(bias.shape, 0.5 * number))
    loss, hits = head(features, labels)
    kernel, bias = tf.concat(head.kernels, axis=1), tf.concat(head.biases, axis=0)
    assert kernel.shape == [WIDTH, classes] and len(head.kernels) == -(-classes // block)
    logits, one_hot = features @ kernel + bias, tf.one_hot(labels, classes)
    np.testing.assert_allclose(loss, softmax_cross_entropy(logits, one_hot), rtol=1e-5)
    np.testing.assert_array_equal(hits, top_k_hits(logits, one_hot, 1))


def test_blocks_start_with_weights_of_their_own():
    head, *_ = called(8, 4)
    first, second = (kernel.numpy() for kernel in head.kernels)
    assert np.abs(first - second).max() > 1e-3
    assert 0.005 < np.std([first, second]) < 0.02  # N(0, 0.01), as of other heads.
    assert not np.any(np.concatenate(head.biases))


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_it_computes_in_float32(policy):
    keras.mixed_precision.set_global_policy(policy)
    try:
        head, features, labels, found = called(7, 3)
        half = head(tf.cast(features, policy.removeprefix("mixed_")), labels)
    finally:
        keras.mixed_precision.set_global_policy(None)
    assert found[0].dtype == half[0].dtype == found[1].dtype == tf.float32
    assert {weight.dtype for weight in head.weights} == {tf.float32}
    np.testing.assert_allclose(found[0], called(7, 3)[3][0], rtol=1e-6)
    assert half[0] != found[0]  # Of rounded features.


def test_its_arguments_are_kept():
    head = ManyClasses(7, block=3, name="many")
    again = ManyClasses.from_config(head.get_config())
    assert (again.num_classes, again.block, again.name) == (7, 3, "many")
    assert ManyClasses(5).block == 4096


def test_numbers_below_one_are_refused():
    with pytest.raises(ValueError, match="`num_classes` must be >= 1. Received: num_classes=0."):
        ManyClasses(0)
    with pytest.raises(ValueError, match="`block` must be >= 1. Received: block=0."):
        ManyClasses(3, block=0)
