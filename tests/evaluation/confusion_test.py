"""The confusion matrix by hand and by a naive loop, its order of pairs, its table."""

import csv

import numpy as np
import pytest
from sklearn import metrics

from tf_simclr.evaluation.confusion import (
    Confusion,
    as_csv,
    confusion_matrix,
    most_confused,
    top1_accuracy,
)

LABELS = np.array([0, 0, 0, 1, 1, 2, -1])
PREDICTIONS = np.array([0, 1, 1, 1, 0, 2, 0])
BY_HAND = [[1, 2, 0], [1, 1, 0], [0, 0, 1]]  # The last row has no label.


def drawn(rows, classes):
    random = np.random.default_rng(rows)
    return random.integers(-1, classes, rows), random.integers(0, classes, rows)


def test_counts_by_hand():
    matrix = confusion_matrix(LABELS, PREDICTIONS, classes=3)
    np.testing.assert_array_equal(matrix, BY_HAND)
    assert matrix.dtype == np.int64
    assert top1_accuracy(matrix) == 0.5  # Three of six.


@pytest.mark.parametrize(("rows", "classes"), [(50, 4), (900, 23)])
def test_counts_and_accuracy_match_scikit_learn(rows, classes):
    labels, predictions = drawn(rows, classes)
    labelled = labels >= 0
    assert 0 < labelled.sum() < rows
    oracle = labels[labelled], predictions[labelled]
    matrix = confusion_matrix(labels, predictions, classes=classes)
    expected = metrics.confusion_matrix(*oracle, labels=range(classes))
    np.testing.assert_array_equal(matrix, expected)
    assert top1_accuracy(matrix) == pytest.approx(metrics.accuracy_score(*oracle))


@pytest.mark.parametrize("classes", [1, 3])
def test_no_labelled_rows_are_a_matrix_of_zeros(classes):
    matrix = confusion_matrix(np.full(4, -1), np.zeros(4, int), classes=classes)
    np.testing.assert_array_equal(matrix, np.zeros((classes, classes)))
    assert top1_accuracy(matrix) == 0
    assert most_confused(matrix, limit=3) == []


def test_predictions_of_unlabelled_rows_are_not_looked_at():
    matrix = confusion_matrix(np.array([0, -1]), np.array([0, 99]), classes=2)
    np.testing.assert_array_equal(matrix, [[1, 0], [0, 0]])


def test_most_confused_pairs_come_first_by_hand():
    assert most_confused(np.array(BY_HAND), limit=5) == [
        Confusion(0, 1, 2, 3),
        Confusion(1, 0, 1, 2),
    ]
    assert most_confused(np.array(BY_HAND), limit=1) == [Confusion(0, 1, 2, 3)]
    # Twice each: of class 2 that is all of it, of the others half; then the lower class.
    equal = np.array([[2, 2, 0], [0, 2, 2], [2, 0, 0]])
    pairs = [(pair.label, pair.prediction) for pair in most_confused(equal, limit=9)]
    assert pairs == [(2, 0), (0, 1), (1, 2)]


@pytest.mark.parametrize(("rows", "classes"), [(60, 4), (900, 11)])
def test_pairs_without_a_limit_are_all_that_is_wrong(rows, classes):
    matrix = confusion_matrix(*drawn(rows, classes), classes=classes)
    pairs = most_confused(matrix, limit=classes**2)
    assert sum(pair.count for pair in pairs) == matrix.sum() - np.trace(matrix)
    counts = [pair.count for pair in pairs]
    assert counts == sorted(counts, reverse=True)
    for pair in pairs:
        assert pair.count == matrix[pair.label, pair.prediction]
        assert pair.shown == matrix[pair.label].sum()


def test_table_is_read_back_whatever_the_names():
    names = ["plain", 'with "quotes", commas', "two\nlines"]
    text = as_csv(np.array(BY_HAND), names)
    header, *rows = csv.reader(text.splitlines(keepends=True))
    assert header == ["true class", *names]
    assert [row[0] for row in rows] == names
    assert [[int(value) for value in row[1:]] for row in rows] == BY_HAND


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 1], [0], r"`labels` and `predictions` must be \[rows\].*labels.shape=\(2,\)"),
        ([0, 1], [[0.1, 0.9]] * 2, r"must be \[rows\].*predictions.shape=\(2, 2\)"),
        ([0, 3], [0, 0], r"`labels` must be below the number of classes \(3\).*with 3"),
        ([0, 1], [0, 5], r"`predictions` must be below .*Received: predictions with 5"),
        ([0, 1], [0, -1], r"`predictions` must be below .*Received: predictions with -1"),
    ],
)
def test_errors_say_what_is_wrong(labels, predictions, message):
    with pytest.raises(ValueError, match=message):
        confusion_matrix(np.array(labels), np.array(predictions), classes=3)
