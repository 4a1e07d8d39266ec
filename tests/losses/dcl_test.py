"""The decoupled loss against a loop written from the paper, and its invariants."""

import numpy as np
import pytest
import tensorflow as tf
from finite_differences import gradient_by_differences, projections
from tables import assert_is, unit_rows

from tf_simclr.losses.dcl import DCL
from tf_simclr.losses.nt_xent import NTXent, nt_xent

SIZES = [(3, 5), (8, 4)]  # images, dimensions


def paper_loss(hidden: np.ndarray, temperature: float, hidden_norm: bool) -> float:
    """arXiv 2110.06848, section 3, one row at a time: view k of image i, and all others j."""
    z = hidden / np.linalg.norm(hidden, axis=1, keepdims=True) if hidden_norm else hidden
    views = np.split(z, 2)
    images = len(z) // 2
    total = 0.0
    for k in range(2):
        for i in range(images):
            denominator = sum(
                np.exp(views[k][i] @ views[view][j] / temperature)
                for view in range(2)
                for j in range(images)
                if j != i
            )
            total += -(views[0][i] @ views[1][i]) / temperature + np.log(denominator)
    return total / (2 * images)


@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize("temperature", [0.1, 0.7])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_is_twice_the_papers_loss(images, dim, temperature, hidden_norm):
    hidden = projections(images, dim)
    loss = DCL(temperature=temperature, hidden_norm=hidden_norm)(hidden).loss
    np.testing.assert_allclose(loss, 2 * paper_loss(hidden, temperature, hidden_norm), rtol=1e-12)


@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_gradient_is_that_of_the_papers_loss(images, dim, hidden_norm):
    hidden = projections(images, dim)
    variable = tf.Variable(hidden)
    with tf.GradientTape() as tape:
        loss = DCL(temperature=0.5, hidden_norm=hidden_norm)(variable).loss
    gradient = tape.gradient(loss, variable).numpy()

    differences = gradient_by_differences(
        lambda rows: 2 * paper_loss(rows, 0.5, hidden_norm), hidden
    )
    np.testing.assert_allclose(gradient, differences, atol=1e-8)


@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
@pytest.mark.parametrize("negatives", ["both", "other"])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_negatives_may_be_of_the_other_view_alone(images, dim, negatives, implementation):
    def of_anchor(positive, negatives):
        """The loop above for one row, and its derivatives."""
        exps = np.exp(np.array(negatives) / 0.3)
        return np.log(exps.sum()) - positive / 0.3, -1 / 0.3, exps / exps.sum() / 0.3

    options = {"negatives": negatives, "implementation": implementation, "hidden_norm": False}
    assert_is(DCL(temperature=0.3, **options), of_anchor, unit_rows(images, dim), negatives)


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_the_positive_is_what_nt_xent_has_more_of(images, dim):
    """exp(loss) of a row of nt_xent is that of dcl plus exp(s_ii' - s_ii') = 1."""
    hidden = projections(images, dim)
    # Rows that all look alike: the same number of each, so that means say it all.
    turns = np.concatenate([np.eye(images), np.eye(images)])
    _, logits, labels = DCL(temperature=0.2).dense(tf.constant(hidden))
    _, logits_of_nt_xent, labels_of_nt_xent = nt_xent(tf.constant(hidden), temperature=0.2)
    np.testing.assert_array_equal(logits, logits_of_nt_xent)
    np.testing.assert_array_equal(labels, labels_of_nt_xent)
    row = [float(loss(temperature=0.2)(turns).loss) / 2 for loss in (DCL, NTXent)]
    np.testing.assert_allclose(np.exp(row[0]) + 1, np.exp(row[1]), rtol=1e-12)


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_order_of_images_and_of_views_does_not_matter(images, dim):
    hidden = projections(images, dim)
    order = np.random.default_rng(1).permutation(images)
    shuffled = np.concatenate([hidden[images:][order], hidden[:images][order]])
    loss, loss_of_shuffled = (DCL(temperature=0.1)(rows).loss for rows in (hidden, shuffled))
    np.testing.assert_allclose(loss, loss_of_shuffled, rtol=1e-12)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    hidden = tf.cast(projections(4, 6), dtype)
    loss, logits, labels = DCL(temperature=0.05).dense(hidden)
    assert loss.dtype == logits.dtype == labels.dtype == tf.float32
    expected = 2 * paper_loss(tf.cast(hidden, tf.float64).numpy(), 0.05, True)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
