"""A linear classifier of frozen features: multinomial logistic regression by L-BFGS.

The protocol of Chen et al., A Simple Framework for Contrastive Learning of Visual Representations
(arXiv 2002.05709), appendix B.8.1: L2-regularised, the regularisation chosen on held-out training
data. The same procedure for every kind of feature.
"""

import functools
import os
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # scikit-learn itself depends on it.

SHORT_GRID = (0.3, 0.03, 0.003, 0.0003)
# The paper, appendix B.8.1: 45 values from 10^-6 to 10^5, evenly spaced in logarithm. It does not
# say whether they weigh against a sum of losses or a mean; here it is the mean.
PAPER_GRID = tuple(np.logspace(-6, 5, 45).tolist())
HELD_OUT = 0.2  # Share of each class that chooses the regularisation.
# Half of the cores: next to another busy process BLAS threads wait in loops for each other, and on
# two cores two of them took five times as long as one.
THREADS = max(1, (os.cpu_count() or 1) // 2)


class LinearClassifier(NamedTuple):
    """Logits x @ kernel + bias.

    Attributes:
      kernel: float32 [features, classes].
      bias: float32 [classes].
    """

    kernel: np.ndarray
    bias: np.ndarray

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """The logits of features, float [n, features]: float32 [n, classes]."""
        return np.asarray(features, np.float32) @ self.kernel + self.bias


class Fitted(NamedTuple):
    """What `fit` found.

    Attributes:
      classifier: of standardised features.
      mean: float32 [features], by which they are standardised.
      scale: float32 [features], likewise.
      l2: the regularisation that was chosen.
      held_out_top1: the share of the held-out rows that a classifier of this l2 got right, fitted
        on the rest; None if nothing was held out.
    """

    classifier: LogisticRegression
    mean: np.ndarray
    scale: np.ndarray
    l2: float
    held_out_top1: float | None

    def standardized(self, features: np.ndarray) -> np.ndarray:
        """Features [n, features] as the classifier takes them."""
        return (np.asarray(features, np.float32) - self.mean) / self.scale

    def scores(self, features: np.ndarray) -> np.ndarray:
        """Scores [n, classes] of features, also for two classes."""
        found = self.classifier.decision_function(self.standardized(features))
        # For two classes scikit-learn gives one column.
        return np.stack([-found, found], axis=1) if found.ndim == 1 else found

    def linear(self, classes: int) -> LinearClassifier:
        """The same as one linear map of the features as they are.

        A class that was not shown is as improbable as the least probable one at the mean.

        Args:
          classes: how many there are.
        """
        weights, bias = self.classifier.coef_, self.classifier.intercept_
        if len(weights) == 1:  # Of two classes: the logits differ by the score.
            weights, bias = np.array([[-0.5], [0.5]]) * weights, np.array([-0.5, 0.5]) * bias
        kernel = np.zeros([len(self.mean), classes])
        every = np.full(classes, bias.min())
        shown = self.classifier.classes_
        kernel[:, shown], every[shown] = weights.T / self.scale[:, np.newaxis], bias
        every -= self.mean @ kernel
        return LinearClassifier(kernel.astype(np.float32), every.astype(np.float32))


def fit(
    features: np.ndarray,
    labels: np.ndarray,
    *,
    identities: np.ndarray | None = None,
    l2: Sequence[float] = SHORT_GRID,
    max_iterations: int = 100,
    warm_start: bool = False,
    seed: int = 0,
) -> Fitted:
    """Fits a classifier to labelled rows: see linear_probe, which also judges it.

    Args:
      features: float32 [n, features].
      labels: int [n], 0 and more, of two classes at least.
      identities: int [n], what a row shows; None if that is not known.
      l2: strengths to choose from, as linear_probe takes them.
      max_iterations: likewise.
      warm_start: likewise.
      seed: of the held-out part.
    """
    mean, scale = _standard(features)
    standardized = (features - mean) / scale
    fitted = functools.partial(_fit, max_iterations=max_iterations)
    strengths = sorted(l2, reverse=True)
    choice = _choose_l2(standardized, labels, identities, strengths, fitted, warm_start, seed)
    classifier = fitted(standardized, labels, choice.l2, choice.start)
    return Fitted(classifier, mean, scale, choice.l2, choice.accuracy)


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
