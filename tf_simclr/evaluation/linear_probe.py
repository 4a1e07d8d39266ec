"""Linear probe: how well a linear classifier tells the classes from frozen features.

The protocol of Chen et al., A Simple Framework for Contrastive Learning of Visual Representations
(arXiv 2002.05709), appendix B.8.1: L2-regularised multinomial logistic regression by L-BFGS, the
regularisation chosen on held-out training data. The same procedure for every kind of feature.
"""

import dataclasses
import functools
import os
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # scikit-learn itself depends on it.

from tf_simclr.evaluation.tables import labelled_rows, row_values, same_width

SHORT_GRID = (0.3, 0.03, 0.003, 0.0003)
# The paper, appendix B.8.1: 45 values from 10^-6 to 10^5, evenly spaced in logarithm. It does not
# say whether they weigh against a sum of losses or a mean; here it is the mean.
PAPER_GRID = tuple(np.logspace(-6, 5, 45).tolist())
HELD_OUT = 0.2  # Share of each class that chooses the regularisation.
# Half of the cores: next to another busy process BLAS threads wait in loops for each other, and on
# two cores two of them took five times as long as one.
THREADS = max(1, (os.cpu_count() or 1) // 2)


@dataclasses.dataclass(frozen=True)
class LinearProbe:
    """The result of a linear probe.

    Attributes:
        top1: share of labelled test rows whose class scores highest, in [0, 1].
        top5: share of labelled test rows whose class is among the five highest scores.
        predictions: int64 [test], the class for every row of test_features, unlabelled ones too.
        sureness: float32 [test], the probability of that class, in [0, 1].
        l2: the regularisation that was chosen.
        held_out_top1: the share of the held-out fifth of the training rows that a classifier of
            this l2 got right, fitted on the rest; what features may be chosen by. None if nothing
            was held out: of a single l2, or where every class has a single row.
    """

    top1: float
    top5: float
    predictions: np.ndarray
    sureness: np.ndarray
    l2: float
    held_out_top1: float | None = None


def linear_probe(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    *,
    train_identities: np.ndarray | None = None,
    l2: Sequence[float] = SHORT_GRID,
    max_iterations: int = 100,
    warm_start: bool = False,
    seed: int = 0,
) -> LinearProbe:
    """Fits a linear classifier on the training rows and judges it on the test rows.

    Features are standardised by the training rows. The classifier minimises, over weights W,

        mean over rows of  -log softmax(x W + b)[label]  +  l2 / 2 * ||W||^2

    with the l2 that is best on a held-out stratified fifth of the training rows; then it is fitted
    once more on all of them. If other pictures of one thing were in the rest, too little
    regularisation would win.

    Args:
        train_features: float [train, features].
        train_labels: int [train]; rows with a negative label are left out.
        test_features: float [test, features].
        test_labels: int [test]; rows with a negative label are predicted, but not judged. A class
            without a training row cannot be predicted and is an error.
        train_identities: int [train], what a row shows; the held-out rows show other things than
            the rest. None if that is not known: each row is a thing of its own.
        l2: strengths to choose from, in any order; of equally good ones the strongest wins.
        max_iterations: of L-BFGS, for each fit; stopping there is part of the procedure.
        warm_start: whether a fit starts from the weights of the next stronger l2, and the last one
            from those that were chosen, instead of from zeros: the same minimum in a fraction of
            the time if the grid is fine. A fit that is stopped early has then come further.
        seed: of the held-out part.

    Returns:
        A LinearProbe.

    Raises:
        ValueError: no positive l2; tables that do not fit together, are not finite or have no
            labelled row; a single class; a test class without training rows.
    """
    if not l2 or min(l2) <= 0:
        raise ValueError(
            f"`l2` must hold at least one strength, all above 0. Received: l2={tuple(l2)}. "
            "Leave it out to choose from the default four."
        )
    fit_features, fit_labels = labelled_rows("train", train_features, train_labels)
    judged, judged_labels = labelled_rows("test", test_features, test_labels)
    same_width(fit_features, judged)
    _check_classes(fit_labels, judged_labels)

    mean, scale = _standard(fit_features)
    fit_features = (fit_features - mean) / scale
    fit = functools.partial(_fit, max_iterations=max_iterations)
    strengths = sorted(l2, reverse=True)
    things = train_identities
    if things is not None:
        things = row_values("train_identities", things, len(train_labels))[train_labels >= 0]
    choice = _choose_l2(fit_features, fit_labels, things, strengths, fit, warm_start, seed)
    classifier = fit(fit_features, fit_labels, choice.l2, choice.start)
    every_row = (np.asarray(test_features, np.float32) - mean) / scale
    scores = _scores(classifier, (judged - mean) / scale)
    columns = np.searchsorted(classifier.classes_, judged_labels)
    # How many classes score higher than the right one, which wins ties.
    rank = (scores > scores[np.arange(len(scores)), columns, None]).sum(axis=1)
    return LinearProbe(
        top1=float(np.mean(rank < 1)),
        top5=float(np.mean(rank < 5)),
        predictions=classifier.predict(every_row),
        sureness=classifier.predict_proba(every_row).max(axis=1).astype(np.float32),
        l2=choice.l2,
        held_out_top1=choice.accuracy,
    )


def _check_classes(train_labels: np.ndarray, test_labels: np.ndarray) -> None:
    classes = np.unique(train_labels)
    if len(classes) < 2:
        raise ValueError(
            "`train_labels` must show at least two classes. Received: train_labels with the single "
            f"class {classes[0]}. A classifier has nothing to tell apart."
        )
    unseen = np.setdiff1d(test_labels, classes)
    if len(unseen):
        raise ValueError(
            "`train_labels` must show every class of `test_labels`. Received: train_labels without "
            f"{unseen[:10].tolist()}. Split by class, or give these test rows the label -1."
        )


def _standard(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each column, the latter 1 where the column is constant."""
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    constant = deviation <= 1e-5 * np.abs(mean)  # Rounding in float32 is not a feature.
    return mean.astype(np.float32), np.where(constant, 1, deviation).astype(np.float32)


class _Choice(NamedTuple):
    """A strength, the classifier to start the last fit from, and the held-out accuracy."""

    l2: float
    start: LogisticRegression | None = None
    accuracy: float | None = None


def _choose_l2(
    features: np.ndarray,
    labels: np.ndarray,
    things: np.ndarray | None,
    strengths: Sequence[float],
    fit: Callable[..., LogisticRegression],
    warm_start: bool,
    seed: int,
) -> _Choice:
    """The strength, of a falling list, that is best on the held-out rows.

    And its classifier, if `warm_start`.
    """
    held_out = _held_out(labels, things, seed)
    if len(strengths) == 1 or not held_out.any():
        return _Choice(strengths[0])
    best, chosen, start = -1.0, strengths[0], None
    classifier = None
    for strength in strengths:
        classifier = fit(
            features[~held_out], labels[~held_out], strength, classifier if warm_start else None
        )
        accuracy = float(np.mean(classifier.predict(features[held_out]) == labels[held_out]))
        if accuracy > best:
            best, chosen, start = accuracy, strength, classifier
    return _Choice(chosen, start if warm_start else None, best)


def _held_out(labels: np.ndarray, things: np.ndarray | None, seed: int) -> np.ndarray:
    """Marks the held-out rows: a fifth of the things of each class, at least one, but never all."""
    things = np.arange(len(labels)) if things is None else things
    held_out = np.zeros(len(labels), bool)
    generator = np.random.default_rng(seed)
    for class_index in np.unique(labels):
        of_class = labels == class_index
        different = generator.permutation(np.unique(things[of_class]))
        if len(different) > 1:
            chosen = different[: max(1, int(HELD_OUT * len(different)))]
            held_out |= of_class & np.isin(things, chosen)
    return held_out


def _fit(
    features: np.ndarray,
    labels: np.ndarray,
    l2: float,
    start: LogisticRegression | None = None,
    *,
    max_iterations: int,
) -> LogisticRegression:
    # scikit-learn weighs the SUM of the losses by C against ||W||^2 / 2.
    classifier = LogisticRegression(
        C=1 / (l2 * len(features)), max_iter=max_iterations, warm_start=start is not None
    )
    if start is not None:  # Of the same classes: a class's only row is never held out.
        classifier.coef_, classifier.intercept_ = start.coef_, start.intercept_
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # The stop is part of the procedure.
        with threadpool_limits(THREADS):
            return classifier.fit(features, labels)


def _scores(classifier: LogisticRegression, features: np.ndarray) -> np.ndarray:
    """Scores [rows, classes], also for two classes, for which scikit-learn gives one column."""
    scores = classifier.decision_function(features)
    return np.stack([-scores, scores], axis=1) if scores.ndim == 1 else scores
