"""The linear probe against scikit-learn on its own, by hand, and its promises."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tf_simclr.evaluation import linear_classifier as module
from tf_simclr.evaluation.linear_classifier import PAPER_GRID
from tf_simclr.evaluation.linear_probe import linear_probe


def clusters(rows, width, classes, seed=0, spread=1.0):
    """Gaussian clusters: train features, train labels, test features, test labels."""
    generator = np.random.default_rng(seed)
    centres = 2 * generator.normal(size=(classes, width))
    labels = np.arange(2 * rows) % classes
    features = centres[labels] + spread * generator.normal(size=(2 * rows, width))
    features = features.astype(np.float32)
    return features[:rows], labels[:rows], features[rows:], labels[rows:]


@pytest.mark.parametrize(("rows", "width", "classes"), [(60, 5, 3), (210, 17, 7)])
def test_predictions_match_scikit_learn_at_a_given_strength(rows, width, classes):
    train, train_labels, test, test_labels = clusters(rows, width, classes, spread=12.0)
    probe = linear_probe(train, train_labels, test, test_labels, l2=(0.1,))
    # The objective of the docstring in scikit-learn's own terms: C = 1 / (l2 * rows).
    mean, scale = train.mean(axis=0), train.std(axis=0)
    oracle = LogisticRegression(C=1 / (0.1 * rows), max_iter=1000)
    oracle.fit((train - mean) / scale, train_labels)
    scores = oracle.decision_function((test - mean) / scale)
    np.testing.assert_array_equal(probe.predictions, scores.argmax(axis=1))
    top5 = [label in np.argsort(-row)[:5] for row, label in zip(scores, test_labels, strict=True)]
    assert probe.top1 == pytest.approx(np.mean(probe.predictions == test_labels))
    assert probe.top5 == pytest.approx(np.mean(top5))
    assert (probe.top5 < 1) == (classes > 5)
    assert probe.l2 == 0.1


def test_accuracies_by_hand():
    # One feature, two classes at -1 and 1: the boundary lies at 0, so the test rows are right,
    # right, wrong, right. Of two classes the right one is always among five.
    probe = linear_probe(
        np.array([[-1.0], [-1.0], [1.0], [1.0]]),
        np.array([0, 0, 1, 1]),
        np.array([[-2.0], [-0.5], [-0.5], [3.0]]),
        np.array([0, 0, 1, 1]),
    )
    np.testing.assert_array_equal(probe.predictions, [0, 0, 0, 1])
    assert (probe.top1, probe.top5) == (0.75, 1.0)


@pytest.mark.parametrize("spread", [1.0, 4.0])
def test_scale_shift_and_order_of_features_do_not_matter(spread):
    train, train_labels, test, test_labels = clusters(120, 6, 4, spread=spread)
    plain = linear_probe(train, train_labels, test, test_labels)
    order = np.random.default_rng(1).permutation(6)
    scale = np.float32([1e-3, 1, 1e3, 5, 7, 2])
    changed = linear_probe(
        (train * scale + 3)[:, order], train_labels, (test * scale + 3)[:, order], test_labels
    )
    assert changed.top1 == pytest.approx(plain.top1, abs=0.01)  # Rounding may turn one row of 120.
    assert changed.l2 == plain.l2


def test_same_call_gives_the_same_result():
    tables = clusters(150, 9, 5, spread=4.0)
    first, second = linear_probe(*tables), linear_probe(*tables)
    np.testing.assert_array_equal(first.predictions, second.predictions)
    assert (first.top1, first.top5, first.l2) == (second.top1, second.top5, second.l2)


def test_strength_is_chosen_without_the_test_rows():
    train, train_labels, test, test_labels = clusters(150, 9, 5, spread=4.0)
    chosen = linear_probe(train, train_labels, test, test_labels).l2
    assert chosen == linear_probe(train, train_labels, test[:1], test_labels[:1]).l2


def test_strong_regularisation_is_chosen_where_features_are_noise_beside_one():
    # 200 columns of noise, one that tells the class weakly: only a strong l2 finds it.
    generator = np.random.default_rng(0)
    labels = np.arange(400) % 2
    features = generator.normal(size=(400, 201))
    features[:, 0] += 2.0 * labels
    probe = linear_probe(features[:200], labels[:200], features[200:], labels[200:])
    assert probe.l2 >= 0.03
    weak = linear_probe(features[:200], labels[:200], features[200:], labels[200:], l2=(0.0003,))
    assert probe.top1 >= weak.top1


@pytest.mark.parametrize(("rows", "width", "classes"), [(60, 5, 3), (210, 17, 7)])
def test_what_features_are_chosen_by_is_the_accuracy_on_rows_that_were_not_fitted(
    rows, width, classes
):
    train, labels, test, test_labels = clusters(rows, width, classes, spread=4.0)
    strengths = (0.3, 0.003)
    probe = linear_probe(train, labels, test, test_labels, l2=strengths)
    # By scikit-learn, on the rows that the module holds out: a fifth of each class.
    held_out = module._held_out(labels, None, 0)
    np.testing.assert_array_equal(
        np.bincount(labels[held_out]), np.bincount(labels) // 5, strict=True
    )
    scaled = (train - train.mean(axis=0)) / train.std(axis=0)
    found = []
    for l2 in strengths:
        oracle = LogisticRegression(C=1 / (l2 * (~held_out).sum()), max_iter=1000)
        oracle.fit(scaled[~held_out], labels[~held_out])
        found.append(np.mean(oracle.predict(scaled[held_out]) == labels[held_out]))
    assert probe.held_out_top1 == pytest.approx(max(found))
    assert probe.l2 == strengths[int(np.argmax(found))]
    again = linear_probe(train, labels, test[:1], test_labels[:1], l2=strengths)
    assert again.held_out_top1 == probe.held_out_top1  # No test row has a word in it.


def test_where_no_row_is_held_out_there_is_nothing_to_choose_by():
    tables = clusters(60, 5, 3)
    assert linear_probe(*tables, l2=(0.1,)).held_out_top1 is None
    train, labels, test, test_labels = tables
    assert linear_probe(train[:3], labels[:3], test, test_labels).held_out_top1 is None


def test_the_papers_grid():
    assert len(PAPER_GRID) == 45
    assert (PAPER_GRID[0], PAPER_GRID[-1]) == (pytest.approx(1e-6), pytest.approx(1e5))
    steps = np.divide(PAPER_GRID[1:], PAPER_GRID[:-1])
    np.testing.assert_allclose(steps, 10 ** (11 / 44))


@pytest.mark.parametrize(("rows", "width", "classes"), [(80, 4, 2), (240, 12, 6)])
def test_warm_starts_find_what_cold_starts_find(rows, width, classes):
    tables = clusters(rows, width, classes, spread=3.0)
    options = {"l2": PAPER_GRID, "max_iterations": 2000}
    cold, warm = (linear_probe(*tables, **options, warm_start=warm) for warm in (False, True))
    assert warm.l2 == pytest.approx(cold.l2)
    # Both stop at a gradient of 1e-4, each at its own point: a row of a hundred may differ.
    assert np.mean(warm.predictions == cold.predictions) > 0.99
    assert warm.top1 == pytest.approx(cold.top1, abs=0.01)
    assert warm.top5 == pytest.approx(cold.top5, abs=0.01)


def iterations(monkeypatch, tables, **options):
    """Of L-BFGS in each fit of a probe, and the probe."""
    done, fit = [], LogisticRegression.fit

    def counted(self, *arguments):
        fit(self, *arguments)
        done.append(int(self.n_iter_[0]))
        return self

    with monkeypatch.context() as patch:
        patch.setattr(LogisticRegression, "fit", counted)
        return done, linear_probe(*tables, **options)


def test_warm_starts_take_half_the_iterations_at_most(monkeypatch):
    tables = clusters(240, 12, 6, spread=4.0)
    options = {"l2": PAPER_GRID, "max_iterations": 2000}
    cold, _ = iterations(monkeypatch, tables, **options)
    warm, _ = iterations(monkeypatch, tables, **options, warm_start=True)
    assert len(warm) == len(cold) == len(PAPER_GRID) + 1  # And the last one, of all rows.
    assert sum(warm) < sum(cold) / 2


@pytest.mark.parametrize("warm_start", [False, True])
def test_the_strength_is_the_best_on_the_held_out_rows(warm_start):
    train, labels, test, test_labels = clusters(200, 40, 4, spread=6.0)
    chosen = linear_probe(
        train, labels, test, test_labels, l2=PAPER_GRID, warm_start=warm_start, max_iterations=2000
    )
    # A second implementation: each strength on its own, judged on the rows that were held out.
    held_out = module._held_out(labels, None, seed=0)
    assert held_out.sum() == 40  # A fifth of each class of 50.
    scaled = (train - train.mean(axis=0)) / train.std(axis=0)
    accuracies = []
    for l2 in sorted(PAPER_GRID, reverse=True):
        oracle = LogisticRegression(C=1 / (l2 * 160), max_iter=2000)
        oracle.fit(scaled[~held_out], labels[~held_out])
        accuracies.append(oracle.score(scaled[held_out], labels[held_out]))
    assert len(set(accuracies)) > 3
    assert chosen.l2 == sorted(PAPER_GRID, reverse=True)[int(np.argmax(accuracies))]


def test_held_out_rows_show_other_things_than_the_rest():
    random = np.random.default_rng(0)
    order = random.permutation(90)
    things = np.repeat(np.arange(30), 3)[order]
    labels = things % 3
    held_out = module._held_out(labels, things, seed=0)
    assert not set(things[held_out]) & set(things[~held_out])
    assert np.bincount(labels[held_out]).tolist() == [6, 6, 6]  # two of ten things of each class
    alone = np.where(labels == 0, 0, things)  # A class of a single thing is never held out.
    assert np.bincount(labels[module._held_out(labels, alone, seed=0)]).tolist() == [0, 6, 6]


def test_pictures_of_one_thing_on_both_sides_would_choose_too_little_regularisation():
    """Each thing has a look of its own in 200 columns, and the class is in two others."""
    random = np.random.default_rng(0)
    labels, things = np.repeat(np.arange(80) % 2, 3), np.repeat(np.arange(80), 3)
    looks = np.repeat(random.standard_normal([80, 200]), 3, axis=0)
    classes = labels[:, None] + 0.5 * random.standard_normal([240, 2])
    rows = np.concatenate([looks, classes], axis=1)
    rows += 0.02 * random.standard_normal(rows.shape)
    tables, strengths = (rows, labels, rows, labels), (100.0, 10.0, 1.0, 0.1, 0.01)
    unaware = linear_probe(*tables, l2=strengths)
    aware = linear_probe(*tables, l2=strengths, train_identities=things)
    assert aware.l2 > unaware.l2
    assert aware.held_out_top1 < unaware.held_out_top1


def test_few_labels_are_standardised_by_the_labelled_rows_alone():
    train, labels, test, test_labels = clusters(90, 5, 3)
    hidden = np.where(np.arange(90) < 12, labels, -1)
    train[12:] = 1e4 * train[12:] + 1e5
    few = linear_probe(train[:12], labels[:12], test, test_labels)
    np.testing.assert_array_equal(
        linear_probe(train, hidden, test, test_labels).predictions, few.predictions
    )


def test_unlabelled_rows_are_dropped_but_predicted():
    train, train_labels, test, test_labels = clusters(90, 5, 3)
    noise = np.full((40, 5), 50.0, np.float32)
    plain = linear_probe(train, train_labels, test, test_labels)
    mixed = linear_probe(
        np.concatenate([noise, train]),
        np.concatenate([np.full(40, -1), train_labels]),
        np.concatenate([noise, test]),
        np.concatenate([np.full(40, -1), test_labels]),
    )
    assert (mixed.top1, mixed.top5, mixed.l2) == (plain.top1, plain.top5, plain.l2)
    assert mixed.predictions.shape == (130,)
    np.testing.assert_array_equal(mixed.predictions[40:], plain.predictions)


def test_constant_features_and_classes_of_one_row_are_harmless():
    train, train_labels, test, test_labels = clusters(30, 4, 3)
    constant = np.float32(0.1)  # Not a binary fraction: its float32 mean is off by rounding.
    train = np.concatenate([train, np.full((30, 1), constant)], axis=1)
    test = np.concatenate([test, np.full((30, 1), constant)], axis=1)
    labels = np.where(np.arange(30) == 0, 3, train_labels)
    probe = linear_probe(train, labels, test, test_labels)
    assert probe.top1 > 0.9
    single = linear_probe(train[:3], train_labels[:3], test, test_labels)  # One row a class.
    assert single.l2 == 0.3


def test_no_warning_when_the_iterations_end_first():
    tables = clusters(90, 40, 3, spread=6.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        linear_probe(*tables, max_iterations=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"train_labels": [0, 0, 0, -1]},
            r"`train_labels` must show at least two classes.*Received",
        ),
        ({"train_labels": [-1] * 4}, r"`train_labels` must label at least one row.*Received"),
        ({"test_labels": [-1] * 4}, r"`test_labels` must label at least one row.*Received"),
        ({"test_labels": [0, 1, 2, 7]}, r"`train_labels` must show every class.*without \[2, 7\]"),
        ({"train_labels": [0, 1]}, r"`train_labels` must be \[rows\].*train_labels.shape=\(2,\)"),
        ({"train_labels": [0.0, 1, 0, 1]}, r"`train_labels` must be integers.*dtype=float64"),
        ({"test_features": np.ones((4, 3))}, r"`test_features` must have as many columns"),
        ({"train_features": np.ones(4)}, r"`train_features` must be \[rows, features\]"),
        (
            {"train_features": np.full((4, 2), np.nan)},
            r"`train_features` must be finite.*in 4 of 4",
        ),
        ({"test_features": np.full((4, 2), np.inf)}, r"`test_features` must be finite"),
        ({"l2": ()}, r"`l2` must hold at least one.*Received: l2=\(\)"),
        ({"l2": (1.0, 0.0)}, r"`l2` must hold at least one.*Received: l2=\(1.0, 0.0\)"),
    ],
)
def test_errors_say_what_is_wrong(change, message):
    arguments = {
        "train_features": np.arange(8.0).reshape(4, 2),
        "train_labels": [0, 1, 0, 1],
        "test_features": np.arange(8.0).reshape(4, 2),
        "test_labels": [0, 1, 0, 1],
    }
    with pytest.raises(ValueError, match=message):
        linear_probe(**(arguments | change))
