"""Alignment and uniformity against loops from the definitions, known values, and invariances."""

import doctest

import numpy as np
import pytest

from tf_simclr.evaluation import alignment as module
from tf_simclr.evaluation.alignment import alignment, uniformity


def rows(count, width, seed=0):
    return np.random.default_rng(seed).normal(size=(count, width))


def unit(row):
    return row / np.linalg.norm(row)


def test_the_examples_run():
    assert doctest.testmod(module) == (0, 4)


@pytest.mark.parametrize(("count", "width"), [(2, 3), (40, 7)])
def test_both_match_a_loop_from_the_paper(count, width):
    x, y = rows(count, width), rows(count, width, seed=1)
    pairs = [np.sum((unit(a) - unit(b)) ** 2) for a, b in zip(x, y)]
    assert alignment(x, y) == pytest.approx(np.mean(pairs))
    apart = [
        np.exp(-2 * np.sum((unit(x[i]) - unit(x[j])) ** 2)) for i in range(count) for j in range(i)
    ]
    assert uniformity(x) == pytest.approx(np.log(np.mean(apart)))


def test_the_ends_of_their_ranges():
    x = rows(9, 4)
    assert alignment(x, 3 * x) == pytest.approx(0, abs=1e-12)
    assert alignment(x, -x) == pytest.approx(4)
    assert uniformity(np.ones((9, 4))) == 0
    assert uniformity(np.array([[1.0, 2.0], [-2.0, -4.0]])) == pytest.approx(-8)


def test_orthogonal_rows_are_at_a_squared_distance_of_two():
    assert uniformity(np.eye(6)) == pytest.approx(-4)
    assert alignment(np.eye(6), np.eye(6)[::-1]) == pytest.approx(2)


def test_many_dimensions_that_are_filled_evenly_are_near_minus_four():
    # E exp(4 x.y - 4) for random directions: e^-4 (1 + 16 / (2 d) + ...).
    assert uniformity(rows(2000, 500)) == pytest.approx(-4 + 8 / 500, abs=5e-3)


def test_scale_and_rotation_do_not_matter():
    x, y = rows(30, 5), rows(30, 5, seed=1)
    turn = np.linalg.qr(rows(5, 5, seed=2))[0]
    sizes = np.arange(1, 31)[:, None]
    assert alignment(sizes * x @ turn, y @ turn) == pytest.approx(alignment(x, y))
    assert uniformity(sizes * x @ turn) == pytest.approx(uniformity(x))


def test_chunks_do_not_matter(monkeypatch):
    expected = uniformity(rows(50, 6))
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    assert uniformity(rows(50, 6)) == pytest.approx(expected, rel=1e-12)


def test_a_row_of_zeros_is_no_direction():
    dead = np.array([[0.0, 0.0], [1.0, 0.0]])
    assert alignment(dead, dead[::-1]) == 1
    assert uniformity(dead) == pytest.approx(-2)
    assert uniformity(np.zeros((3, 2))) == 0


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"`second` must have the shape.*second.shape=\(2, 4\)"):
        alignment(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"`first` must be \[rows, features\].*shape=\(0, 4\)"):
        alignment(np.ones((0, 4)), np.ones((0, 4)))
    with pytest.raises(ValueError, match="`second` must be finite"):
        alignment(np.ones((1, 1)), np.full((1, 1), np.nan))
    with pytest.raises(ValueError, match="`features` must have at least 2 rows"):
        uniformity(np.ones((1, 4)))
