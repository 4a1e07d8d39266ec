"""The 2-D map: its range, its repeatability, and that it keeps clusters together."""

import numpy as np
import pytest

from tf_simclr.evaluation.layout import FEWEST_ROWS, layout_2d


def clusters(rows, width, classes):
    generator = np.random.default_rng(0)
    labels = np.arange(rows) % classes
    centres = 5 * generator.normal(size=(classes, width))
    return centres[labels] + generator.normal(size=(rows, width)), labels


@pytest.mark.parametrize(("rows", "width"), [(40, 8), (150, 64)])  # PCA, then t-SNE.
def test_map_fills_the_unit_square_and_repeats(rows, width):
    features, _ = clusters(rows, width, 4)
    positions = layout_2d(features, seed=3)
    assert positions.shape == (rows, 2)
    assert positions.dtype == np.float32
    np.testing.assert_array_equal(positions.min(axis=0), [0, 0])
    np.testing.assert_array_equal(positions.max(axis=0), [1, 1])
    np.testing.assert_array_equal(positions, layout_2d(features, seed=3))


@pytest.mark.parametrize(("rows", "width"), [(60, 8), (160, 64)])
def test_nearest_place_is_of_the_same_cluster(rows, width):
    features, labels = clusters(rows, width, 3)
    positions = layout_2d(features, seed=0)
    distance = np.linalg.norm(positions[:, None] - positions[None, :], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert np.mean(labels[distance.argmin(axis=1)] == labels) > 0.95


@pytest.mark.parametrize("rows", [30, 120])
def test_length_of_features_does_not_matter(rows):
    features, _ = clusters(rows, 8, 3)
    # Powers of two, so that float32 rounds alike.
    lengths = 2.0 ** np.random.default_rng(1).integers(-3, 4, size=(rows, 1))
    np.testing.assert_allclose(
        layout_2d(features * lengths, seed=0), layout_2d(features, seed=0), atol=1e-6
    )


@pytest.mark.parametrize("rows", [1, 2, FEWEST_ROWS - 1, FEWEST_ROWS])
def test_any_number_of_rows_has_a_map(rows):
    positions = layout_2d(np.random.default_rng(0).normal(size=(rows, 3)), seed=0)
    assert positions.shape == (rows, 2)
    assert np.all((positions >= 0) & (positions <= 1))


@pytest.mark.parametrize("rows", [10, 200])
def test_collapsed_features_lie_in_the_middle(rows):
    np.testing.assert_array_equal(layout_2d(np.ones((rows, 6)), seed=0), np.full((rows, 2), 0.5))


def test_one_feature_is_enough_and_the_other_axis_lies_in_the_middle():
    positions = layout_2d(np.linspace(-1, 1, 120)[:, None], seed=0)
    np.testing.assert_array_equal(positions, np.repeat([[0, 0.5], [1, 0.5]], 60, axis=0))


def test_features_must_be_finite():
    with pytest.raises(ValueError, match=r"`features` must be finite. Received: .* 2 of 2 rows"):
        layout_2d(np.full((2, 3), np.inf), seed=0)
