"""The softmax in blocks of classes against the whole one, and what it must not hold in memory."""

import numpy as np
import pytest
import tensorflow as tf
from allocations import run_and_peak
from finite_differences import gradient_by_differences

from tf_simclr.losses.many_classes import BLOCK as USUAL_BLOCK
from tf_simclr.losses.many_classes import block_sizes, many_class_cross_entropy
from tf_simclr.losses.supervised import softmax_cross_entropy, top_k_hits

# Pictures, width, classes: blocks of 8 divide the first, and not the second.
SIZES = [(6, 5, 16), (9, 4, 27)]
BLOCK = 8


def drawn(batch, width, classes, dtype=np.float64):
    """Features, labels, kernel and bias; a third of the rows lie near their class's weights."""
    random = np.random.default_rng(classes)
    features, bias = random.standard_normal((batch, width)), random.standard_normal(classes)
    kernel, labels = (
        random.standard_normal((width, classes)) / 2,
        random.integers(0, classes, batch),
    )
    features[::3] = 4 * kernel[:, labels[::3]].T
    return features.astype(dtype), labels, kernel.astype(dtype), bias.astype(dtype)


def in_blocks(features, labels, kernel, bias, *, block=BLOCK):
    features = tf.convert_to_tensor(features)
    sizes = block_sizes(bias.shape[0], block)
    kernels, biases = tf.split(kernel, sizes, axis=1), tf.split(bias, sizes)
    return many_class_cross_entropy(features, labels, kernels, biases)


def whole(features, labels, kernel, bias):
    logits = tf.matmul(features, kernel) + bias
    one_hot = tf.one_hot(labels, bias.shape[0])
    return softmax_cross_entropy(logits, one_hot), top_k_hits(logits, one_hot, 1)


def by_loop(features, labels, kernel, bias):
    """Loss and hits of arXiv 1406.6909's negative log likelihood, row by row."""
    losses, hits = [], []
    for row, label in zip(features, labels):
        logits = [float(row @ kernel[:, c] + bias[c]) for c in range(len(bias))]
        losses.append(-np.log(np.exp(logits[label]) / np.exp(logits).sum()))
        hits.append(logits.index(max(logits)) == label)
    return np.mean(losses), np.float32(hits)


def with_gradients(loss, features, labels, kernel, bias, **options):
    tensors = [tf.constant(each) for each in (features, kernel, bias)]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        found, hits = loss(tensors[0], tf.constant(labels), *tensors[1:], **options)
    gradients = tape.gradient(found, tensors)
    return found.numpy(), hits.numpy(), [gradient.numpy() for gradient in gradients]


def assert_same(found, expected, rtol):
    (loss, hits, gradients), (of_whole, hits_of_whole, gradients_of_whole) = found, expected
    np.testing.assert_allclose(loss, of_whole, rtol=rtol)
    np.testing.assert_array_equal(hits, hits_of_whole)
    for gradient, of_whole in zip(gradients, gradients_of_whole, strict=True):
        np.testing.assert_allclose(gradient, of_whole, rtol=0, atol=rtol * np.abs(of_whole).max())


@pytest.mark.parametrize("size", SIZES)
def test_is_the_papers_loss(size):
    case = drawn(*size)
    loss, hits = in_blocks(*case)
    expected, expected_hits = by_loop(*case)
    np.testing.assert_allclose(loss, expected, rtol=1e-12)
    np.testing.assert_array_equal(hits, expected_hits)
    assert 0 < expected_hits.mean() < 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("block", [1, 5, BLOCK, 64])
def test_equals_the_whole_softmax(size, block):
    case = drawn(*size)
    expected = with_gradients(whole, *case)
    assert_same(with_gradients(in_blocks, *case, block=block), expected, rtol=1e-12)


@pytest.mark.parametrize("size", SIZES)
def test_float32_differs_by_rounding(size):
    features, labels, kernel, bias = drawn(*size, dtype=np.float32)
    exact = with_gradients(whole, np.float64(features), labels, *map(np.float64, (kernel, bias)))
    for loss in (in_blocks, whole):  # One is as good as the other.
        found = with_gradients(loss, features, labels, kernel, bias)
        assert found[0].dtype == found[2][0].dtype == np.float32
        assert_same(found, exact, rtol=1e-6)


def test_gradient_is_that_of_differences():
    features, labels, kernel, bias = drawn(*SIZES[1])
    _, _, gradients = with_gradients(in_blocks, features, labels, kernel, bias)
    for place, gradient in enumerate(gradients):

        def loss(at, place=place):
            parts = [features, kernel, bias]
            parts[place] = at
            return float(in_blocks(parts[0], labels, *parts[1:])[0])

        expected = gradient_by_differences(loss, (features, kernel, bias)[place])
        np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-9)


def test_large_logits_stay_finite():
    features, labels, kernel, bias = drawn(*SIZES[1], dtype=np.float32)
    found = with_gradients(in_blocks, 100 * features, labels, kernel, bias)
    assert all(np.isfinite(gradient).all() for gradient in found[2])
    assert_same(found, with_gradients(whole, 100 * features, labels, kernel, bias), rtol=1e-5)


def test_of_equal_logits_the_first_counts_as_largest():
    for label, hit in ((0, 1), (BLOCK - 1, 0), (BLOCK, 0)):
        found = in_blocks(tf.ones([1, 3]), [label], tf.ones([3, 27]), tf.zeros([27]))
        np.testing.assert_array_equal(found[1], [hit])
        np.testing.assert_allclose(found[0], np.log(27), rtol=1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_xla_computes_the_same(size):
    case = drawn(*size)
    compiled = tf.function(in_blocks, jit_compile=True, autograph=False)
    assert_same(with_gradients(compiled, *case), with_gradients(whole, *case), rtol=1e-12)


def test_gradient_grows_with_what_the_loss_is_multiplied_by():
    features, labels, kernel, bias = drawn(*SIZES[0])
    once = with_gradients(in_blocks, features, labels, kernel, bias)[2]
    thrice = with_gradients(
        lambda *case: (3 * in_blocks(*case)[0], tf.zeros([])), features, labels, kernel, bias
    )[2]
    for gradient, larger in zip(once, thrice):
        np.testing.assert_allclose(larger, 3 * gradient, rtol=1e-12)


@pytest.mark.parametrize(("classes", "block"), [(1, 4), (4, 4), (5, 4), (100_000, 4096), (9, 1)])
def test_blocks_hold_all_classes_and_are_as_few_and_equal_as_can_be(classes, block):
    sizes = block_sizes(classes, block)
    assert sum(sizes) == classes
    assert max(sizes) <= block
    assert len(sizes) == -(-classes // block)
    assert max(sizes) - min(sizes) <= 1


def loss_and_gradients(loss, labels):
    """The loss and its gradients as a function of features and of any weights."""

    def of(features, *weights):
        with tf.GradientTape() as tape:
            tape.watch([features, *weights])
            found = loss(features, labels, weights)
        return [found, *tape.gradient(found, [features, *weights])]

    return of


@pytest.mark.parametrize(("batch", "classes"), [(512, 100_000), (256, 20_000)])
def test_large_numbers_of_classes_take_little_memory_above_the_weights(batch, classes):
    width, random = 128, np.random.default_rng(0)
    features = random.standard_normal((batch, width), np.float32)  # as batch norm leaves them
    kernel = 0.3 * random.standard_normal((width, classes), np.float32)
    bias, labels = np.zeros(classes, np.float32), random.integers(0, classes, batch)
    sizes = block_sizes(classes)
    ends = np.cumsum(sizes)[:-1]

    def blocks(features, labels, weights):
        return many_class_cross_entropy(
            features, labels, weights[: len(sizes)], weights[len(sizes) :]
        )[0]

    parts = [*np.split(kernel, ends, axis=1), *np.split(bias, ends)]
    (loss, of_features, *of_parts), peak = run_and_peak(
        loss_and_gradients(blocks, labels), features, *parts
    )
    (of_whole, features_of_whole, *weights_of_whole), whole_peak = run_and_peak(
        loss_and_gradients(lambda features, labels, w: whole(features, labels, *w)[0], labels),
        features,
        kernel,
        bias,
    )
    assert whole_peak > batch * classes * 4 + kernel.nbytes
    assert peak < kernel.nbytes + 3 * batch * USUAL_BLOCK * 4 < 100e6
    np.testing.assert_allclose(loss, of_whole, rtol=1e-6)
    joined = [
        np.concatenate(of_parts[: len(sizes)], axis=1),
        np.concatenate(of_parts[len(sizes) :]),
    ]
    for found, expected in zip([of_features, *joined], [features_of_whole, *weights_of_whole]):
        # By their norms: both are float32, and single numbers are off by more.
        assert np.linalg.norm(found - expected) < 1e-6 * np.linalg.norm(expected)
