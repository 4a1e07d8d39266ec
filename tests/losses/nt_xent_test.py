"""The contrastive loss against a loop written from the paper, and its invariants."""

import numpy as np
import pytest
import tensorflow as tf
from finite_differences import gradient_by_differences, projections
from tables import assert_is, unit_rows

from tf_simclr.losses.dcl import DCL
from tf_simclr.losses.nt_xent import NTXent, nt_xent

SIZES = [(3, 5), (8, 4)]  # images, dimensions


def paper_loss(hidden: np.ndarray, temperature: float, hidden_norm: bool) -> float:
    """Equation 1 and algorithm 1 of arXiv 2002.05709, one pair at a time."""
    z = hidden / np.linalg.norm(hidden, axis=1, keepdims=True) if hidden_norm else hidden
    images = len(z) // 2
    total = 0.0
    for i in range(2 * images):
        partner = (i + images) % (2 * images)
        similarities = [z[i] @ z[k] / temperature for k in range(2 * images) if k != i]
        total += np.log(np.sum(np.exp(similarities))) - z[i] @ z[partner] / temperature
    return total / (2 * images)


@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize("temperature", [0.1, 0.7])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_is_twice_the_papers_loss(images, dim, temperature, hidden_norm):
    hidden = projections(images, dim)
    loss, _, _ = nt_xent(tf.constant(hidden), temperature=temperature, hidden_norm=hidden_norm)
    np.testing.assert_allclose(loss, 2 * paper_loss(hidden, temperature, hidden_norm), rtol=1e-12)


@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_gradient_is_that_of_the_papers_loss(images, dim, hidden_norm):
    hidden = projections(images, dim)
    variable = tf.Variable(hidden)
    with tf.GradientTape() as tape:
        loss, _, _ = nt_xent(variable, temperature=0.5, hidden_norm=hidden_norm)
    gradient = tape.gradient(loss, variable).numpy()

    differences = gradient_by_differences(
        lambda rows: 2 * paper_loss(rows, 0.5, hidden_norm), hidden
    )
    np.testing.assert_allclose(gradient, differences, atol=1e-8)


def table(temperature):
    """Table 2 of arXiv 2002.05709 for one anchor, and its gradient."""

    def of_anchor(positive, negatives):
        exps = np.exp(np.array([positive, *negatives]) / temperature)
        shares = exps / exps.sum()
        loss = np.log(exps.sum()) - positive / temperature
        return loss, (shares[0] - 1) / temperature, shares[1:] / temperature

    return of_anchor


@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
@pytest.mark.parametrize("negatives", ["both", "other"])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_loss_and_gradient_are_those_of_table_2_with_the_negatives_of_either_table(
    images, dim, negatives, implementation, temperature
):
    """Table 4's NT-Xent has negatives of one view only (appendix B.10)."""
    options = {"negatives": negatives, "implementation": implementation, "hidden_norm": False}
    loss = NTXent(temperature=temperature, **options)
    assert_is(loss, table(temperature), unit_rows(images, dim), negatives)


@pytest.mark.parametrize(("negatives", "products"), [("both", 4), ("other", 2)])
def test_products_within_a_view_are_not_computed_where_they_do_not_count(negatives, products):
    loss = NTXent(negatives=negatives)
    function = tf.function(lambda hidden: loss(hidden).loss, autograph=False)
    graph = function.get_concrete_function(tf.TensorSpec([8, 5])).graph
    assert [op.type for op in graph.get_operations()].count("MatMul") == products


@pytest.mark.parametrize("kind", [NTXent, DCL])
def test_negatives_that_there_are_not_are_refused(kind):
    message = r"^`negatives` must be one of \('both', 'other'\). Received: negatives='all'.$"
    with pytest.raises(ValueError, match=message):
        kind(negatives="all")


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_order_of_images_does_not_matter(images, dim):
    hidden = projections(images, dim)
    order = np.random.default_rng(1).permutation(images)
    shuffled = np.concatenate([hidden[:images][order], hidden[images:][order]])
    loss, _, _ = nt_xent(tf.constant(hidden), temperature=0.1)
    loss_of_shuffled, _, _ = nt_xent(tf.constant(shuffled), temperature=0.1)
    np.testing.assert_allclose(loss, loss_of_shuffled, rtol=1e-12)


def test_views_may_be_swapped():
    hidden = projections(5, 4)
    loss, _, _ = nt_xent(tf.constant(hidden), temperature=0.1)
    swapped, _, _ = nt_xent(tf.constant(np.roll(hidden, 5, axis=0)), temperature=0.1)
    np.testing.assert_allclose(loss, swapped, rtol=1e-12)


def test_length_of_projections_matters_only_without_hidden_norm():
    hidden = projections(4, 6)
    lengths = np.linspace(0.5, 3, 8)[:, None]
    losses = {
        (hidden_norm, scaled): float(
            nt_xent(tf.constant(rows), temperature=0.5, hidden_norm=hidden_norm)[0]
        )
        for hidden_norm in (True, False)
        for scaled, rows in ((False, hidden), (True, hidden * lengths))
    }
    assert losses[True, True] == pytest.approx(losses[True, False], rel=1e-12)
    assert losses[False, True] != pytest.approx(losses[False, False], rel=1e-2)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    hidden = tf.cast(projections(4, 6), dtype)
    loss, logits, labels = nt_xent(hidden, temperature=0.05)
    assert loss.dtype == logits.dtype == labels.dtype == tf.float32
    expected = 2 * paper_loss(tf.cast(hidden, tf.float64).numpy(), 0.05, True)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)  # far below half precision's 1e-3


def test_float64_stays_float64():
    loss, logits, labels = nt_xent(tf.constant(projections(4, 6)), temperature=0.1)
    assert loss.dtype == logits.dtype == labels.dtype == tf.float64


@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_logits_compare_first_views_with_second_ones(images, dim):
    hidden = projections(images, dim)
    _, logits, labels = nt_xent(tf.constant(hidden), temperature=0.2, hidden_norm=False)
    np.testing.assert_allclose(logits, hidden[:images] @ hidden[images:].T / 0.2, rtol=1e-12)
    np.testing.assert_array_equal(labels, np.eye(images))


@pytest.mark.parametrize("hidden_norm", [True, False])
def test_the_object_says_what_the_function_says(hidden_norm):
    hidden = tf.constant(projections(5, 4))
    loss, _, _ = nt_xent(hidden, temperature=0.2, hidden_norm=hidden_norm)
    assert NTXent(temperature=0.2, hidden_norm=hidden_norm)(hidden).loss == loss


def test_a_temperature_is_above_0():
    for kind in (NTXent, DCL):
        with pytest.raises(ValueError, match="^`temperature` must be > 0. Received: temp.*=0.0"):
            kind(temperature=0.0)
