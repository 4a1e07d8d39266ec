"""The confusion matrix: which classes a classifier takes for which.

        predicted 0   predicted 1
true 0       c00           c01        c01 rows of class 0 were taken for class 1
true 1       c10           c11        trace / sum = top-1 accuracy
"""

import csv
import dataclasses
import io
from collections.abc import Sequence

import numpy as np

CORNER = "true class"  # The heading above the rows' names; columns are predicted classes.


@dataclasses.dataclass(frozen=True)
class Confusion:
    """One pair of classes that a classifier mixes up.

    Attributes:
        label: the class that is shown.
        prediction: the class that it was taken for.
        count: how often.
        shown: how often the class was shown at all.
    """

    label: int
    prediction: int
    count: int
    shown: int


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, *, classes: int) -> np.ndarray:
    """Counts what each class was taken for.

    Args:
        labels: int [rows]; rows with a negative label are left out.
        predictions: int [rows], each in [0, classes) where there is a label.
        classes: number of classes, >= 1.

    Returns:
        int64 [classes, classes]: the true class, then the predicted one.

    Raises:
        ValueError: labels and predictions differ in length, or a class is out of range.
    """
    labels, predictions = np.asarray(labels), np.asarray(predictions)
    if labels.ndim != 1 or labels.shape != predictions.shape:
        raise ValueError(
            "`labels` and `predictions` must be [rows], one of each for a row. Received:"
            f" labels.shape={labels.shape}, predictions.shape={predictions.shape}."
            " For scores take argmax(axis=-1)."
        )
    labelled = labels >= 0
    labels, predictions = labels[labelled].astype(np.int64), predictions[labelled].astype(np.int64)
    for name, values in (("labels", labels), ("predictions", predictions)):
        wrong = values[(values < 0) | (values >= classes)]
        if len(wrong):
            raise ValueError(
                f"`{name}` must be below the number of classes ({classes}) and not negative."
                f" Received: {name} with {wrong[0]}. Give as many classes as the classifier has."
            )
    counts = np.bincount(labels * classes + predictions, minlength=classes**2)
    return counts.reshape(classes, classes)


def top1_accuracy(matrix: np.ndarray) -> float:
    """The share of rows on the diagonal, in [0, 1]; 0 for a matrix [classes, classes] of zeros."""
    return float(np.trace(matrix) / max(1, matrix.sum()))


def most_confused(matrix: np.ndarray, *, limit: int) -> list[Confusion]:
    """The pairs of classes that are mixed up most often, the most frequent first.

    Among equally frequent pairs the one with the larger share of its class comes first, then the
    lower one.

    Args:
        matrix: int [classes, classes] of confusion_matrix.
        limit: the most pairs to return, >= 1.

    Returns:
        Pairs with a count above 0; none if nothing is mixed up.
    """
    wrong = np.array(matrix)
    np.fill_diagonal(wrong, 0)
    shown = matrix.sum(axis=1)
    labels, predictions = np.nonzero(wrong)
    counts = wrong[labels, predictions]
    # The last key counts first; lexsort is stable.
    order = np.lexsort((-counts / shown[labels], -counts))[:limit]
    return [
        Confusion(int(label), int(prediction), int(wrong[label, prediction]), int(shown[label]))
        for label, prediction in zip(labels[order], predictions[order], strict=True)
    ]


def as_csv(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    """The matrix as a table: a line for each true class, a column for each predicted one.

    Args:
        matrix: int [classes, classes] of confusion_matrix.
        class_names: one for each class; quoted where needed.

    Returns:
        Lines of CSV, of which the first names the columns.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([CORNER, *class_names])
    writer.writerows([name, *row] for name, row in zip(class_names, matrix.tolist(), strict=True))
    return file.getvalue()
