"""Weighted kNN against a naive loop from the definition, and its invariants."""

import numpy as np
import pytest

from tf_simclr.evaluation import neighbours
from tf_simclr.evaluation.knn import knn


def naive_knn(train, train_labels, test, test_labels, k, temperature):
    """Wu et al. 2018, section 3.4, one row and one neighbour at a time."""
    right = 0
    for row, label in zip(test, test_labels, strict=True):
        similarities = [
            float(row @ other) / (np.linalg.norm(row) * np.linalg.norm(other)) for other in train
        ]
        votes = {}
        for index in np.argsort(similarities)[::-1][:k]:
            weight = np.exp(similarities[index] / temperature)
            votes[train_labels[index]] = votes.get(train_labels[index], 0) + weight
        right += max(votes, key=votes.get) == label
    return right / len(test)


def table(rows, width, classes, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, 2 * rows)
    features = generator.normal(size=(2 * rows, width)) + np.eye(classes, width)[labels]
    return features[:rows], labels[:rows], features[rows:], labels[rows:]


@pytest.mark.parametrize(("rows", "width", "classes"), [(40, 6, 3), (133, 20, 9)])
@pytest.mark.parametrize(("k", "temperature"), [(1, 0.07), (20, 0.07), (7, 1.0)])
def test_matches_naive_loop(rows, width, classes, k, temperature):
    tables = table(rows, width, classes)
    expected = naive_knn(*tables, k, temperature)
    assert knn(*tables, k=k, temperature=temperature) == pytest.approx(expected)


def test_near_neighbour_outvotes_two_far_ones_by_hand():
    train = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    labels = np.array([5, 8, 8])
    test = np.array([[1.0, 0.1]])  # Cosines .995, .0995, .0995.
    # exp(.995 / .07) is far above 2 exp(.0995 / .07); at temperature 10 the two win.
    assert knn(train, labels, test, np.array([5]), k=3) == 1.0
    assert knn(train, labels, test, np.array([8]), k=3, temperature=10.0) == 1.0


def test_order_of_rows_and_length_of_features_do_not_matter():
    train, train_labels, test, test_labels = table(80, 10, 4)
    generator = np.random.default_rng(1)
    order = generator.permutation(80)
    lengths = generator.uniform(0.1, 10, size=(80, 1))
    expected = knn(train, train_labels, test, test_labels)
    assert knn((train * lengths)[order], train_labels[order], test, test_labels) == expected
    assert knn(train, train_labels, (test * lengths)[order], test_labels[order]) == expected


def test_chunks_do_not_matter(monkeypatch):
    tables = table(50, 8, 4)
    expected = knn(*tables)
    monkeypatch.setattr(neighbours, "SIMILARITIES_AT_ONCE", 120)  # Two queries at once.
    assert knn(*tables) == expected


def test_k_beyond_the_training_rows_lets_all_vote():
    tables = table(12, 5, 3)
    assert knn(*tables, k=500) == knn(*tables, k=12)


def test_unlabelled_rows_are_left_out():
    train, train_labels, test, test_labels = table(40, 6, 3)
    expected = knn(train[10:], train_labels[10:], test[5:], test_labels[5:])
    train_labels[:10], test_labels[:5] = -1, -2
    assert knn(train, train_labels, test, test_labels) == expected


def test_low_temperature_does_not_overflow():
    tables = table(40, 6, 3)
    assert knn(*tables, temperature=1e-4) == pytest.approx(knn(*tables, k=1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, r"`k` must be at least 1. Received: k=0"),
        ({"temperature": 0.0}, r"`temperature` must be above 0. Received: temperature=0.0"),
        ({"temperature": float("nan")}, r"`temperature` must be above 0. Received"),
    ],
)
def test_errors_say_what_is_wrong(options, message):
    with pytest.raises(ValueError, match=message):
        knn(*table(10, 4, 2), **options)


def test_tables_must_fit_together():
    train, train_labels, test, test_labels = table(10, 4, 2)
    with pytest.raises(ValueError, match=r"`test_features` must have as many columns"):
        knn(train, train_labels, test[:, :3], test_labels)
    with pytest.raises(ValueError, match=r"`train_labels` must label at least one row"):
        knn(train, np.full(10, -1), test, test_labels)
