"""What losses with a term for each negative share: which negatives count, and how much."""

import numpy as np
import pytest
import tensorflow as tf
from every_loss import blocks_of
from margin_triplet_test import paper_loss as triplet
from nt_logistic_test import paper_loss as logistic
from tables import total, unit_rows

from tf_simclr.losses.margin_triplet import MarginTriplet
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_logistic import NTLogistic
from tf_simclr.losses.termwise import Termwise

TABLES = {
    NTLogistic: (logistic, {"temperature": 0.2}),
    MarginTriplet: (triplet, {"triplet_margin": 0.8}),
}
KINDS = [(loss, semi_hard) for loss in TABLES for semi_hard in (False, True)]
IMPLEMENTATIONS = ("dense", "blockwise")


def of(kind, semi_hard, **settings):
    """(loss of rows that are compared as they are, its table)."""
    table, setting = TABLES[kind]
    (value,) = setting.values()
    loss = kind(semi_hard=semi_hard, hidden_norm=False, **setting, **settings)
    return loss, table(value, semi_hard)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("negatives", ["both", "other"])
@pytest.mark.parametrize(("kind", "semi_hard"), KINDS)
@pytest.mark.parametrize(("images", "dim", "filled"), [(3, 5, 4), (7, 3, 9)])
def test_rows_of_a_memory_are_further_negatives(
    images, dim, filled, kind, semi_hard, negatives, implementation
):
    rows, places = tf.constant(unit_rows(images, dim)), unit_rows(50, dim)[:9]
    memory = Memory(tf.constant(places), tf.constant(filled))
    loss, table = of(kind, semi_hard, negatives=negatives, implementation=implementation)
    with blocks_of(4), tf.GradientTape() as tape:  # At most 4 images, or 8 places of the memory.
        tape.watch([rows, memory.rows])
        value = loss(rows, memory).loss
    expected, gradient = total(table, rows.numpy(), negatives, places[:filled])
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    found, of_memory = tape.gradient(value, [rows, memory.rows])
    np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-12)
    assert of_memory is None


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_the_nearest_negative_farther_than_the_positive_counts_by_hand(implementation):
    """Two images with views at 0 and 40, and at 20 and 60 degrees.

    Each positive is 40 degrees away. The rows at 0 and 60 have negatives at 20 degrees, which are
    nearer, and at 60: these are semi-hard. The rows at 20 and 40 have only negatives at 20.
    """
    angles = np.radians([0, 20, 40, 60])
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    positive, semi_hard = np.cos(np.radians(40)), 0.5
    found = {
        kind: float(of(kind, True, implementation=implementation)[0](rows).loss) for kind in TABLES
    }
    # Twice the mean over four rows, of which two have a semi-hard negative.
    triplet = 2 * 2 / 4 * (semi_hard - positive + 0.8)
    assert found[MarginTriplet] == pytest.approx(triplet, rel=1e-12)
    logistic = 2 * np.log(1 + np.exp(-positive / 0.2)) + 2 * 2 / 4 * np.log(
        1 + np.exp(semi_hard / 0.2)
    )
    assert found[NTLogistic] == pytest.approx(logistic, rel=1e-12)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize(("kind", "semi_hard"), KINDS)
def test_a_single_image_has_only_its_positive(kind, semi_hard, implementation):
    rows = unit_rows(1, 4)
    loss, _ = of(kind, semi_hard, implementation=implementation)
    expected = 2 * loss.of_positive(tf.constant(rows[0] @ rows[1]) / loss.divisor)
    np.testing.assert_allclose(loss(rows).loss, expected, rtol=1e-12)


def test_a_kind_must_say_what_a_negative_adds():
    with pytest.raises(NotImplementedError):
        Termwise()(unit_rows(3, 4))
