"""Two-view retrieval against a loop from the definition, chance, and its invariances."""

import doctest

import numpy as np
import pytest

from tf_simclr.evaluation import two_view_retrieval as module
from tf_simclr.evaluation.two_view_retrieval import two_view_retrieval


def views(count, width, noise=1.0, seed=0):
    generator = np.random.default_rng(seed)
    shared = generator.normal(size=(count, width))
    return [shared + noise * generator.normal(size=(count, width)) + 4.0 for _ in range(2)]


def naive(first, second):
    centre = np.concatenate([first, second]).mean(axis=0)
    hits = []
    for queries, gallery in ((first - centre, second - centre), (second - centre, first - centre)):
        for row, query in enumerate(queries):
            cosine = [
                query @ other / np.linalg.norm(query) / np.linalg.norm(other) for other in gallery
            ]
            hits.append(np.argmax(cosine) == row)
    return np.mean(hits)


def test_the_examples_run():
    assert doctest.testmod(module) == (0, 3)


@pytest.mark.parametrize(("count", "width"), [(2, 3), (30, 5), (80, 20)])
def test_matches_a_naive_loop(count, width):
    first, second = views(count, width)
    assert two_view_retrieval(first, second) == pytest.approx(naive(first, second))


def test_equal_views_are_always_found_and_unrelated_ones_by_chance():
    first, second = views(400, 10, noise=0)
    assert two_view_retrieval(first, second) == 1
    assert two_view_retrieval(first, views(400, 10, seed=1)[0]) < 0.02


@pytest.mark.parametrize("count", [2, 7, 50])
def test_collapsed_features_are_at_chance(count):
    for value in (0.0, 0.1, 3.0):
        same = np.full((count, 6), value, np.float32)
        assert two_view_retrieval(same, same) == pytest.approx(1 / count)


def test_scale_shift_and_rotation_do_not_matter():
    first, second = views(60, 6)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    changed = two_view_retrieval(3 * first @ turn - 1, 3 * second @ turn - 1)
    assert changed == pytest.approx(two_view_retrieval(first, second))


def test_chunks_do_not_matter(monkeypatch):
    expected = two_view_retrieval(*views(50, 6))
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)
    assert two_view_retrieval(*views(50, 6)) == pytest.approx(expected)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="`first` must have at least 2 rows"):
        two_view_retrieval(np.ones((1, 4)), np.ones((1, 4)))
    with pytest.raises(ValueError, match=r"`second` must have the shape.*second.shape=\(3, 5\)"):
        two_view_retrieval(np.ones((3, 4)), np.ones((3, 5)))
