"""Weighted nearest-neighbour classification of frozen features: a test that trains nothing.

Source: Wu et al., Unsupervised Feature Learning via Non-Parametric Instance Discrimination
(arXiv 1805.01978), section 3.4.
"""

import numpy as np

from tf_simclr.evaluation.neighbours import cosine_neighbours
from tf_simclr.evaluation.tables import labelled_rows, same_width


def knn(
    train_features: np.ndarray,
    train_labels: np.ndarray,
    test_features: np.ndarray,
    test_labels: np.ndarray,
    *,
    k: int = 20,
    temperature: float = 0.07,
) -> float:
    """Top-1 accuracy of the vote of the k nearest training rows.

    With s_i the cosine similarity of the test row to its i-th nearest training row, class c scores

        w_c = sum over the k nearest i of  exp(s_i / temperature) * [label_i == c]

    and the largest score wins; of equal ones, the lower class.

    Args:
        train_features: float [train, features].
        train_labels: int [train]; rows with a negative label are left out.
        test_features: float [test, features].
        test_labels: int [test]; rows with a negative label are left out.
        k: neighbours that vote; all training rows if there are fewer. The paper takes 200 of
            ImageNet's 1.2 million; 20 is customary for small sets.
        temperature: of the votes' weights; the paper's is .07.

    Returns:
        The share of labelled test rows that are classified correctly, in [0, 1].

    Raises:
        ValueError: k or temperature not above 0; tables that do not fit together, are not finite
            or have no labelled row.
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1. Received: k={k}. The customary value is 20.")
    if not temperature > 0:
        raise ValueError(
            f"`temperature` must be above 0. Received: temperature={temperature}. "
            "The customary value is 0.07."
        )
    train_features, train_labels = labelled_rows("train", train_features, train_labels)
    test_features, test_labels = labelled_rows("test", test_features, test_labels)
    same_width(train_features, test_features)
    nearest, similarity = cosine_neighbours(
        test_features, train_features, k=min(k, len(train_features))
    )
    classes, columns = np.unique(train_labels, return_inverse=True)
    # A constant factor for each row, which changes no comparison, keeps exp in range.
    weights = np.exp((similarity.astype(np.float64) - similarity[:, :1]) / temperature)
    scores = np.zeros((len(test_features), len(classes)))
    np.add.at(scores, (np.arange(len(scores))[:, None], columns[nearest]), weights)
    return float(np.mean(classes[scores.argmax(axis=1)] == test_labels))
