"""Linear probe: how well a linear classifier tells the classes from frozen features.

Chen et al., A Simple Framework for Contrastive Learning of Visual Representations (arXiv
2002.05709), appendix B.8.1. linear_classifier.py fits it.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from tf_simclr.evaluation.linear_classifier import SHORT_GRID, fit
from tf_simclr.evaluation.tables import labelled_rows, row_values, same_width


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

    things = train_identities
    if things is not None:
        things = row_values("train_identities", things, len(train_labels))[train_labels >= 0]
    fitted = fit(
        fit_features,
        fit_labels,
        identities=things,
        l2=l2,
        max_iterations=max_iterations,
        warm_start=warm_start,
        seed=seed,
    )
    classifier, every_row = fitted.classifier, fitted.standardized(test_features)
    scores = fitted.scores(judged)
    columns = np.searchsorted(classifier.classes_, judged_labels)
    # How many classes score higher than the right one, which wins ties.
    rank = (scores > scores[np.arange(len(scores)), columns, None]).sum(axis=1)
    return LinearProbe(
        top1=float(np.mean(rank < 1)),
        top5=float(np.mean(rank < 5)),
        predictions=classifier.predict(every_row),
        sureness=classifier.predict_proba(every_row).max(axis=1).astype(np.float32),
        l2=fitted.l2,
        held_out_top1=fitted.held_out_top1,
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
