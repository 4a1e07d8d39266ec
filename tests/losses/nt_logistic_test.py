"""The logistic loss and its gradient against the paper's table, one pair at a time."""

import numpy as np
import pytest
from tables import assert_is, products_of, unit_rows

from tf_simclr.losses.nt_logistic import NTLogistic

SIZES = [(3, 5), (8, 4)]  # images, dimensions
WAYS = [(rows, how) for rows in ("both", "other") for how in ("dense", "blockwise")]


def sigma(x):
    return 1 / (1 + np.exp(-x))


def paper_loss(temperature, semi_hard):
    """Table 2 of arXiv 2002.05709 for one anchor, and its gradient."""

    def of_anchor(positive, negatives):
        weights = [1 / len(negatives) for _ in negatives]
        if semi_hard:
            nearest = max((s for s in negatives if s < positive), default=None)
            weights = [float(s == nearest) for s in negatives]
        loss = -np.log(sigma(positive / temperature))
        loss -= sum(w * np.log(sigma(-s / temperature)) for w, s in zip(weights, negatives))
        slopes = [w * sigma(s / temperature) / temperature for w, s in zip(weights, negatives)]
        return loss, -sigma(-positive / temperature) / temperature, slopes

    return of_anchor


@pytest.mark.parametrize("semi_hard", [False, True])
@pytest.mark.parametrize("temperature", [0.1, 0.2, 0.5, 1.0])  # those that the paper tries
@pytest.mark.parametrize(("negatives", "implementation"), WAYS)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_loss_and_gradient_are_the_papers(
    images, dim, negatives, implementation, temperature, semi_hard
):
    rows = unit_rows(images, dim)
    options = {"semi_hard": semi_hard, "negatives": negatives, "implementation": implementation}
    loss = NTLogistic(temperature=temperature, hidden_norm=False, **options)
    assert_is(loss, paper_loss(temperature, semi_hard), rows, negatives)


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_in_those_rows_the_nearest_negative_of_all_is_not_always_semi_hard(images, dim):
    """Else the tests above would not tell the two."""
    rows = unit_rows(images, dim)
    anchors = [products_of(rows, i, "other") for i in range(2 * images)]
    nearest_is = [max(negatives) < positive for positive, negatives in anchors]
    assert any(nearest_is) and not all(nearest_is)


def test_a_temperature_is_above_0():
    with pytest.raises(ValueError, match="^`temperature` must be > 0. Received: temperature=0.0."):
        NTLogistic(temperature=0.0)
