"""Which loss, and computed how: names, choices and what comes out of all of them."""

import numpy as np
import pytest
import tensorflow as tf
from finite_differences import projections

from tf_simclr.config import flag_fields
from tf_simclr.losses import contrastive
from tf_simclr.losses.contrastive import IMPLEMENTATIONS, KINDS, contrastive_loss
from tf_simclr.losses.nt_xent import contrastive_accuracy, contrastive_entropy

SIZES = [(4, 6), (9, 3)]  # images, dimensions


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_small_batches_give_the_numbers_of_the_loss_of_that_name(images, dim, kind):
    hidden = tf.constant(projections(images, dim))
    options = {"temperature": 0.2, "hidden_norm": False}
    loss, logits, labels = contrastive.DENSE[kind](hidden, **options)
    found = contrastive_loss(hidden, kind=kind, **options)
    assert found.loss == loss
    assert found.accuracy == contrastive_accuracy(logits, labels)
    assert found.entropy == contrastive_entropy(logits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_both_implementations_agree(images, dim, hidden_norm, kind):
    hidden = tf.constant(projections(images, dim))
    options = {"temperature": 0.2, "hidden_norm": hidden_norm, "kind": kind}
    dense = contrastive_loss(hidden, implementation="dense", **options)
    blockwise = contrastive_loss(hidden, implementation="blockwise", **options)
    np.testing.assert_allclose(blockwise.loss, dense.loss, rtol=1e-12)
    assert blockwise.accuracy == dense.accuracy
    assert 0 < blockwise.entropy - dense.entropy < 1e-8 * images


def test_kinds_differ():
    losses = [contrastive_loss(projections(4, 6), temperature=0.2, kind=k).loss for k in KINDS]
    assert losses[0] > losses[1] + 0.01  # nt_xent has one term more.


@pytest.mark.parametrize(
    ("replicas", "rows", "blocks"),
    [(1, 30, False), (1, 32, True), (1, None, False), (4, 14, False), (4, 16, True)],
)
def test_auto_takes_blocks_from_a_size_on(monkeypatch, replicas, rows, blocks):
    monkeypatch.setattr(contrastive, "LARGE", 16**2)  # local 16, or 8 of 32
    monkeypatch.setattr(contrastive.replicas, "count", lambda: replicas)
    assert contrastive.choose("auto", rows) == ("blockwise" if blocks else "dense")


@pytest.mark.parametrize(("local", "blocks"), [(128, False), (724, False), (725, True)])
def test_auto_counts_what_one_of_32_replicas_holds(monkeypatch, local, blocks):
    monkeypatch.setattr(contrastive.replicas, "count", lambda: 32)
    assert contrastive.choose("auto", 2 * local) == ("blockwise" if blocks else "dense")


@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
def test_a_choice_by_name_is_kept(implementation):
    for rows in (2, 10**6):
        assert contrastive.choose(implementation, rows) == implementation


def test_a_memory_counts_as_the_keys_that_it_is():
    # local * (global + places / 2): 1024 * 16384 is the limit.
    assert contrastive.choose("auto", 2048, 2 * 15360) == "blockwise"
    assert contrastive.choose("auto", 2048, 2 * 15360 - 2) == "dense"
    assert contrastive.choose("auto", None, 65536) == "dense"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_half_precision_is_computed_in_float32_and_float64_stays(kind, implementation):
    options = {"temperature": 0.2, "kind": kind, "implementation": implementation}
    for dtype, computed in (
        (tf.float16, tf.float32),
        (tf.bfloat16, tf.float32),
        (tf.float64, tf.float64),
    ):
        hidden = tf.cast(projections(4, 6), dtype)
        exact = contrastive_loss(tf.cast(hidden, tf.float64), **options)
        found = contrastive_loss(hidden, **options)
        assert {value.dtype for value in found} == {computed}
        np.testing.assert_allclose(found.loss, exact.loss, rtol=1e-5)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
def test_metrics_carry_no_gradient(implementation):
    hidden = tf.constant(projections(4, 6))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(hidden)
        found = contrastive_loss(hidden, temperature=0.2, implementation=implementation)
        total = found.loss + 10 * found.entropy + 10 * found.accuracy
    np.testing.assert_array_equal(tape.gradient(total, hidden), tape.gradient(found.loss, hidden))


@pytest.mark.parametrize(
    ("name", "value"), [("kind", "infonce"), ("implementation", "fast"), ("kind", None)]
)
def test_names_that_there_are_not_are_refused(name, value):
    with pytest.raises(ValueError, match=rf"^`{name}` must be one of .*Received: {name}={value!r}"):
        contrastive_loss(projections(4, 6), temperature=0.2, **{name: value})


def test_the_flags_offer_what_there_is():
    choices = {field.name: field.metadata["choices"] for field in flag_fields()}
    assert tuple(choices["loss"]) == KINDS
    assert tuple(choices["loss_implementation"]) == IMPLEMENTATIONS
