"""RankMe and alpha-ReQ on tables whose spectrum is known, and their invariances."""

import doctest

import numpy as np
import pytest

from tf_simclr.evaluation import rank
from tf_simclr.evaluation.rank import alpha_req, effective_rank, rankme

SIZES = [(60, 16), (16, 60), (300, 120)]


def orthonormal(rows, columns, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(rows, columns)))[0]


def with_singular_values(values, rows, columns, *, centred=False):
    """A table of random directions with these singular values."""
    left = np.random.default_rng(1).normal(size=(rows, len(values)))
    left = np.linalg.qr(left - left.mean(axis=0) if centred else left)[0]
    return left @ np.diag(values) @ orthonormal(columns, len(values), seed=2).T


def test_the_examples_run():
    assert doctest.testmod(rank) == (0, 4)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
def test_rankme_is_the_formula_of_the_paper(rows, columns):
    features = np.random.default_rng(0).normal(size=(rows, columns)) + 1.0
    values = np.linalg.svd(features, compute_uv=False)
    p = values / np.abs(values).sum() + 1e-7  # arXiv 2210.02885, equation 1
    assert rankme(features) == pytest.approx(np.exp(-np.sum(p * np.log(p))), rel=1e-9)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@pytest.mark.parametrize("k", [1, 3, 11])
def test_rankme_of_k_equal_directions_is_k(rows, columns, k):
    features = with_singular_values(np.full(k, 5.0), rows, columns)
    assert rankme(features) == pytest.approx(k, rel=1e-3)  # 1e-7 adds a little.


def test_rankme_by_hand_takes_singular_values_and_not_their_squares():
    # p = (3/4, 1/4): the entropy is ln 4 - 3/4 ln 3. Of squares it would be (9/10, 1/10).
    expected = 4 / 3**0.75
    assert rankme(np.diag([3.0, 1.0])) == pytest.approx(expected, rel=1e-5)


def test_rankme_is_not_centred():
    rows = np.full((40, 8), 100.0) + np.random.default_rng(0).normal(size=(40, 8))
    assert rankme(rows) < 1.5 < 6 < rankme(rows - rows.mean(axis=0))


@pytest.mark.parametrize("rows", [np.ones((9, 4)), np.zeros((9, 4)), np.ones((4, 9))])
def test_collapsed_features_have_rank_one(rows):
    assert rankme(rows) == pytest.approx(1, rel=1e-4)


def test_rankme_does_not_depend_on_scale_rotation_or_order():
    features = np.random.default_rng(0).normal(size=(50, 12)) * np.arange(1, 13)
    changed = 1e-3 * (features @ orthonormal(12, 12))[::-1]
    assert rankme(changed) == pytest.approx(rankme(features), rel=1e-9)


def test_effective_rank_by_hand():
    assert effective_rank(np.array([2.0, 2.0, 2.0, 2.0])) == pytest.approx(4, rel=1e-5)
    assert effective_rank(np.array([7.0])) == pytest.approx(1, rel=1e-5)
    assert effective_rank(np.zeros(3)) == 1


@pytest.mark.parametrize(("rows", "columns"), [(200, 20), (400, 150), (30, 90)])
@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0, 2.5])
def test_alpha_of_an_exact_power_law(rows, columns, alpha):
    ranks = np.arange(1, min(rows - 1, columns) + 1)
    features = with_singular_values(ranks ** (-alpha / 2), rows, columns, centred=True) + 3.0
    assert alpha_req(features) == pytest.approx(alpha, abs=1e-6)


def test_alpha_by_the_authors_normal_equations():
    """fastssl's stringer_get_powerlaw: weights 1 / rank, ranks 4 to 100."""
    features = np.random.default_rng(0).normal(size=(500, 130)) * np.arange(130, 0, -1) ** 0.7
    spectrum = np.sort(np.linalg.eigvalsh(np.cov(features.T)))[::-1]
    ranks = np.arange(4, 101)
    x = np.stack([-np.log(ranks), np.ones(len(ranks))], axis=1)
    w = 1 / ranks[:, None]
    expected = np.linalg.solve(x.T @ (x * w), (w * x).T @ np.log(spectrum[3:100]))[0]
    assert alpha_req(features) == pytest.approx(expected, rel=1e-9)


def test_alpha_does_not_depend_on_scale_shift_or_rotation():
    features = np.random.default_rng(0).normal(size=(80, 12)) / np.arange(1, 13)
    changed = 50 * features @ orthonormal(12, 12) + 7
    assert alpha_req(changed) == pytest.approx(alpha_req(features), rel=1e-6)


def test_alpha_leaves_out_the_rounding_of_float32():
    # Four of eight directions, in float32: the other eigenvalues are noise, not a decay.
    features = with_singular_values(np.array([4.0, 3, 2, 1]), 100, 8, centred=True)
    with pytest.raises(ValueError, match="vary in at least 6 directions.*vary in 4"):
        alpha_req(features.astype(np.float32) + 1)


@pytest.mark.parametrize("judge", [rankme, alpha_req])
def test_errors_say_what_is_wrong(judge):
    with pytest.raises(ValueError, match=r"`features` must have at least 2 rows.*shape=\(1, 4\)"):
        judge(np.ones((1, 4)))
    with pytest.raises(ValueError, match=r"`features` must be \[rows, features\]"):
        judge(np.ones((4, 2, 2)))
    with pytest.raises(ValueError, match=r"`features` must be finite.*1 of 2 rows"):
        judge(np.array([[1.0, np.inf], [0, 1]]))
