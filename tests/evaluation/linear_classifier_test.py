"""The map of features as they are gives what the classifier of standardised ones gives."""

import numpy as np
import pytest

from tf_simclr.evaluation.linear_classifier import fit
from tf_simclr.evaluation.linear_probe import linear_probe


def drawn(classes, rows=120, width=6, seed=0):
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    centres = random.normal(size=[classes, width])
    features = centres[labels] + random.normal(size=[rows, width])
    return (features * random.uniform(0.1, 9, width) + 5).astype(np.float32), labels


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_one_map_has_the_same_probabilities(classes):
    features, labels = drawn(classes)
    fitted = fit(features, labels)
    expected = fitted.classifier.predict_proba((features - fitted.mean) / fitted.scale)
    linear = fitted.linear(classes)
    assert linear.kernel.dtype == linear.bias.dtype == np.float32
    np.testing.assert_allclose(softmax(linear(features)), expected, atol=1e-4)


@pytest.mark.parametrize("shown", [[1, 3], [0, 2, 5]])
def test_a_class_that_was_not_shown_has_a_place_and_is_hardly_chosen(shown):
    features, labels = drawn(len(shown))
    logits = fit(features, np.array(shown)[labels]).linear(6)(features)
    assert logits.shape == (len(features), 6)
    chosen = np.isin(logits.argmax(axis=1), shown)
    assert chosen.mean() > 0.9
    at_mean = fit(features, np.array(shown)[labels]).linear(6)(features.mean(axis=0))
    absent = np.setdiff1d(np.arange(6), shown)
    assert at_mean[absent] == pytest.approx(at_mean[shown].min(), abs=1e-3)


def test_it_is_the_linear_probes():
    features, labels = drawn(4)
    things = np.arange(len(labels)) // 8
    probe = linear_probe(features, labels, features, labels, train_identities=things)
    fitted = fit(features, labels, identities=things)
    assert fitted.l2 == probe.l2 and fitted.held_out_top1 == probe.held_out_top1
    np.testing.assert_array_equal(fitted.linear(4)(features).argmax(axis=1), probe.predictions)
