"""The spread of normalised features: known values, and its invariances."""

import doctest

import numpy as np
import pytest

from tf_simclr.evaluation import spread
from tf_simclr.evaluation.spread import feature_std


def test_the_examples_run():
    assert doctest.testmod(spread) == (0, 2)


@pytest.mark.parametrize("width", [4, 64])
def test_an_isotropic_table_has_one_over_the_root_of_its_width(width):
    both_ways = np.concatenate([np.eye(width), -np.eye(width)])  # mean 0, mean square 1 / width
    assert feature_std(both_ways) == pytest.approx(width**-0.5)
    normal = np.random.default_rng(0).normal(size=(4000, width))
    assert feature_std(normal) == pytest.approx(width**-0.5, rel=0.02)


def test_features_that_are_never_negative_stay_below():
    # One-hot rows: a feature is 1 once in w rows, so its variance is (1 - 1 / w) / w.
    assert feature_std(np.eye(16)) == pytest.approx((15 / 16 / 16) ** 0.5)


def test_collapsed_features_have_none():
    assert feature_std(np.arange(1, 9)[:, None] * np.ones((8, 3))) == pytest.approx(0, abs=1e-12)
    assert feature_std(np.zeros((8, 3))) == 0


def test_the_length_of_rows_does_not_matter():
    rows = np.random.default_rng(0).normal(size=(20, 5))
    assert feature_std(rows * np.arange(1, 21)[:, None]) == pytest.approx(feature_std(rows))


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match=r"`features` must have at least 2 rows.*shape=\(1, 4\)"):
        feature_std(np.ones((1, 4)))
    with pytest.raises(ValueError, match=r"`features` must be \[rows, features\]"):
        feature_std(np.ones(4))
