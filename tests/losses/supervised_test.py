"""Cross entropy with missing labels, hits among the best k, and the L2 penalty, against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.losses.supervised import (
    is_labelled,
    l2_penalty,
    softmax_cross_entropy,
    top_k_hits,
)

RNG = np.random.default_rng(0)


def one_hot_rows(labels, classes):
    """A row of zeros for -1."""
    return np.array([[float(label == column) for column in range(classes)] for label in labels])


@pytest.mark.parametrize(("labels", "classes"), [([0, 2, 1], 3), ([4, 4, 0, 1, 3], 5)])
def test_cross_entropy_equals_numpys(labels, classes):
    logits = RNG.standard_normal((len(labels), classes))
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    expected = -np.mean([log_p[row, label] for row, label in enumerate(labels)])
    loss = softmax_cross_entropy(tf.constant(logits), one_hot_rows(labels, classes))
    assert loss.dtype == tf.float64
    np.testing.assert_allclose(loss, expected, rtol=1e-12)


def test_rows_without_label_add_nothing_but_count_in_the_mean():
    logits = RNG.standard_normal((4, 3))
    labelled = softmax_cross_entropy(tf.constant(logits[:1]), one_hot_rows([2], 3))
    mixed = softmax_cross_entropy(tf.constant(logits), one_hot_rows([2, -1, -1, -1], 3))
    np.testing.assert_allclose(mixed, labelled / 4, rtol=1e-12)


def test_rows_without_label_get_no_gradient():
    logits = tf.Variable(RNG.standard_normal((3, 4)))
    with tf.GradientTape() as tape:
        loss = softmax_cross_entropy(logits, one_hot_rows([1, -1, 0], 4))
    gradient = tape.gradient(loss, logits).numpy()
    # TensorFlow's own op gives softmax(logits) here.
    np.testing.assert_array_equal(gradient[1], 0)
    assert np.abs(gradient[[0, 2]]).min() > 0


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    loss = softmax_cross_entropy(tf.constant([[1.0, 0.0]], dtype), tf.constant([[1.0, 0.0]]))
    assert loss.dtype == tf.float32
    np.testing.assert_allclose(loss, np.log(1 + np.exp(-1)), rtol=1e-6)


def test_is_labelled_tells_rows_of_zeros():
    np.testing.assert_array_equal(is_labelled(tf.constant(one_hot_rows([1, -1, 0], 2))), [1, 0, 1])


@pytest.mark.parametrize("k", [1, 2, 5])
@pytest.mark.parametrize("classes", [4, 7])
def test_hits_are_ranks_below_k(classes, k):
    logits, labels = RNG.standard_normal((20, classes)), RNG.integers(0, classes, 20)
    rank = [(row > row[label]).sum() for row, label in zip(logits, labels)]
    hits = top_k_hits(tf.constant(logits), tf.constant(one_hot_rows(labels, classes)), k)
    np.testing.assert_array_equal(hits, np.array(rank) < k)


@pytest.mark.parametrize("classes", [3, 8])
def test_a_classifier_that_says_the_same_of_all_is_at_chance(classes):
    one_hot = one_hot_rows(range(classes), classes)
    for k in (1, 2):
        hits = top_k_hits(tf.zeros([classes, classes]), tf.constant(one_hot), k)
        assert hits.numpy().sum() == k


def test_penalty_is_half_the_decayed_sum_of_squares():
    values = [RNG.standard_normal((3, 2)), RNG.standard_normal(5)]
    penalty = l2_penalty([tf.Variable(value) for value in values], 0.3)
    np.testing.assert_allclose(penalty, 0.3 * sum((v**2).sum() for v in values) / 2, rtol=1e-12)


@pytest.mark.parametrize(("variables", "weight_decay"), [([], 0.5), ([tf.Variable(2.0)], 0.0)])
def test_penalty_of_nothing_is_0(variables, weight_decay):
    assert float(l2_penalty(variables, weight_decay)) == 0
