"""LiDAR against the paper's equations written out, tables of known rank, and its invariances."""

import doctest

import numpy as np
import pytest

from tf_simclr.evaluation import lidar as module
from tf_simclr.evaluation.lidar import lidar


def table(pictures, views, width, *, apart=3.0, seed=0):
    generator = np.random.default_rng(seed)
    means = apart * generator.normal(size=(pictures, 1, width))
    return means + generator.normal(size=(pictures, views, width)) + 5.0


def written_out(views):
    """arXiv 2312.04000, equations 1 to 4, with loops and a matrix square root."""
    n, q, d = views.shape
    means = [picture.mean(axis=0) for picture in views]
    centre = np.mean(means, axis=0)
    between = sum(np.outer(mean - centre, mean - centre) for mean in means) / (n - 1)
    within = 1e-4 * np.eye(d)
    for mean, picture in zip(means, views):
        for view in picture:
            within += np.outer(view - mean, view - mean) / (n * (q - 1))
    values, vectors = np.linalg.eigh(within)
    root = vectors @ np.diag(values**-0.5) @ vectors.T
    found = np.linalg.eigvalsh(root @ between @ root).clip(0)
    p = found / found.sum() + 1e-7
    return np.exp(-np.sum(p * np.log(p)))


def test_the_example_runs():
    assert doctest.testmod(module) == (0, 3)


@pytest.mark.parametrize("shape", [(12, 3, 5), (5, 4, 12), (40, 2, 9)])
def test_matches_the_equations(shape):
    # Where there are more features than directions, those at zero add 1e-7 each in the loop only.
    assert lidar(table(*shape)) == pytest.approx(written_out(table(*shape)), rel=2e-5)


@pytest.mark.parametrize(("pictures", "rank"), [(8, 1), (8, 4), (40, 6)])
def test_pictures_apart_in_k_equal_directions_have_k(pictures, rank):
    # Means at the corners of a cube of k dimensions, each at the same distance in every direction.
    corners = np.stack(np.meshgrid(*[[-1.0, 1.0]] * rank), axis=-1).reshape(-1, rank)
    noise = np.concatenate([np.eye(10), -np.eye(10)])
    views = np.pad(corners, ((0, 0), (0, 10 - rank)))[:, None] + 0.1 * noise
    assert lidar(views) == pytest.approx(rank, rel=1e-4)


def test_a_direction_in_which_views_differ_counts_less():
    views = table(200, 10, 4, apart=1.0)
    noisy = views.copy()
    noisy[..., 0] += np.random.default_rng(1).normal(size=(200, 10)) * 20
    # A tenth of the scatter within pictures is left in their means of 10 views: each direction
    # weighs 1.1 at first, and the noisy one little more than 0.1 in the end.
    p = np.array([0.1 + 1 / 401, 1.1, 1.1, 1.1]) / (3.4 + 1 / 401)
    assert lidar(views) == pytest.approx(4, rel=0.02)
    assert lidar(noisy) == pytest.approx(np.exp(-np.sum(p * np.log(p))), rel=0.02)


def test_collapsed_features_have_one():
    assert lidar(np.ones((5, 3, 4))) == 1
    assert lidar(np.zeros((5, 3, 4))) == 1
    rounding = 1e-8 * np.random.default_rng(0).normal(size=(50, 3, 4))
    assert lidar(1 + rounding) == 1


def test_rotation_shift_and_order_do_not_matter_and_scale_hardly():
    views = table(20, 5, 8)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(8, 8)))[0]
    assert lidar((views @ turn)[::-1, ::-1] + 2) == pytest.approx(lidar(views), rel=1e-9)
    assert lidar(10 * views) == pytest.approx(lidar(views), rel=1e-3)  # 1e-4 I weighs less.


def test_errors_say_what_is_wrong():
    wrong = [np.ones((1, 3, 4)), np.ones((3, 1, 4)), np.ones((3, 3, 0)), np.ones((3, 4))]
    for views in wrong:
        with pytest.raises(ValueError, match=r"`views` must be \[pictures, views, features\]"):
            lidar(views)
    with pytest.raises(ValueError, match="`views` must be finite.*1 of 6 rows"):
        lidar(np.where(np.arange(6).reshape(2, 3, 1) == 4, np.nan, 1.0))
