import numpy as np
import pytest

from tf_simclr.evaluation import whitening

RANDOM = np.random.default_rng(0)
MIXED = RANDOM.normal(size=[500, 6]) * [9, 5, 3, 1, 0.5, 0.1] @ RANDOM.normal(size=[6, 6]) + 7


def test_whitened_vectors_have_mean_0_and_no_correlation():
    found = whitening.fit(MIXED, shrinkage=0)(MIXED)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(np.cov(found.T, bias=True), np.eye(6), atol=1e-3)
    assert found.dtype == np.float32


def test_shrinkage_leaves_weak_directions_short():
    """A direction of variance v has v / (v + shrinkage * v_max) of the variance 1."""
    shrinkage = 0.01
    found = whitening.fit(MIXED, shrinkage=shrinkage)(MIXED).var(axis=0)
    variances = np.linalg.eigvalsh(np.cov(MIXED.T, bias=True))[::-1]
    np.testing.assert_allclose(
        found, variances / (variances + shrinkage * variances[0]), rtol=1e-3, atol=1e-6
    )
    assert found[-1] < 0.1 < 0.9 < found[0]


def test_other_vectors_take_the_same_map():
    made = whitening.fit(MIXED)
    other = RANDOM.normal(size=[3, 6])
    np.testing.assert_allclose(
        made(other) - made(np.zeros([3, 6])), other @ made.projection, atol=1e-4
    )


def test_directions_in_which_nothing_varies_are_left_out():
    flat = np.concatenate([MIXED, MIXED[:, :2] + 1, np.ones([500, 1])], axis=1)
    made = whitening.fit(flat, shrinkage=0)
    assert made.projection.shape == (9, 6)
    np.testing.assert_allclose(np.cov(made(flat).T, bias=True), np.eye(6), atol=1e-3)


def test_the_directions_that_vary_most_are_kept():
    all_of_them, three = (whitening.fit(MIXED, most=most)(MIXED) for most in (6, 3))
    np.testing.assert_allclose(three, all_of_them[:, :3], atol=1e-5)


def test_fewer_vectors_than_features():
    made = whitening.fit(RANDOM.normal(size=[4, 10]))
    assert made.projection.shape == (10, 3)  # Four points span three directions.


@pytest.mark.parametrize("vectors", [np.zeros([1, 4]), np.ones([5, 4]), np.zeros([3])])
def test_what_cannot_be_whitened_is_refused(vectors):
    with pytest.raises(ValueError, match="`vectors` must"):
        whitening.fit(vectors)
