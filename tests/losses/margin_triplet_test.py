"""The margin triplet loss and its gradient against the paper's table, one triplet at a time."""

import numpy as np
import pytest
from tables import assert_is, products_of, total, unit_rows

from tf_simclr.losses.margin_triplet import MarginTriplet

SIZES = [(3, 5), (8, 4)]  # images, dimensions
WAYS = [(rows, how) for rows in ("both", "other") for how in ("dense", "blockwise")]
MARGINS = (0.0, 0.4, 0.8, 1.6)  # those that the paper tries


def paper_loss(margin, semi_hard):
    """Table 2 of arXiv 2002.05709 for one anchor, and its gradient."""

    def of_anchor(positive, negatives):
        weights = [1 / len(negatives) for _ in negatives]
        if semi_hard:  # Inside the margin, farther than the positive, and of those the nearest.
            inside = [s for s in negatives if positive - margin < s < positive]
            weights = [float(s == max(inside, default=None)) for s in negatives]
        slopes = [w * (positive < s + margin) for w, s in zip(weights, negatives)]
        loss = sum(w * max(s - positive + margin, 0) for w, s in zip(weights, negatives))
        return loss, -sum(slopes), slopes

    return of_anchor


@pytest.mark.parametrize(
    ("margin", "semi_hard"), [(m, s) for m in MARGINS for s in (False, True) if m or not s]
)
@pytest.mark.parametrize(("negatives", "implementation"), WAYS)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_loss_and_gradient_are_the_papers(
    images, dim, negatives, implementation, margin, semi_hard
):
    rows = unit_rows(images, dim)
    options = {"semi_hard": semi_hard, "negatives": negatives, "implementation": implementation}
    loss = MarginTriplet(triplet_margin=margin, hidden_norm=False, **options)
    assert_is(loss, paper_loss(margin, semi_hard), rows, negatives)


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_in_those_rows_negatives_lie_on_both_sides_of_the_smaller_margins(images, dim):
    """Else the tests above would not tell the margin's maximum from its argument."""
    rows = unit_rows(images, dim)
    anchors = [products_of(rows, i, "other") for i in range(2 * images)]
    for margin in MARGINS[:3]:
        inside = [s + margin > p for p, negatives in anchors for s in negatives]
        assert any(inside) and not all(inside)


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_without_a_margin_nothing_is_semi_hard_and_the_loss_refuses(images, dim):
    loss, gradient = total(paper_loss(0.0, semi_hard=True), unit_rows(images, dim))
    assert loss == 0 == np.abs(gradient).max()
    message = "^`triplet_margin` must be above 0 with --semi_hard: .* Received: triplet_margin=0.0"
    with pytest.raises(ValueError, match=message):
        MarginTriplet(triplet_margin=0.0, semi_hard=True)


def test_a_margin_is_not_below_0():
    with pytest.raises(ValueError, match="^`triplet_margin` must be >= 0. Received: .*=-0.1.$"):
        MarginTriplet(triplet_margin=-0.1)
