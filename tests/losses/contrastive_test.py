"""What every loss promises, which way of computing it is chosen, and how flags describe it."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from every_loss import CASES, KINDS, implementations, made
from finite_differences import gradient_by_differences, projections

from tf_simclr import things
from tf_simclr.config import Config, flag_fields
from tf_simclr.config.choices import LOSSES
from tf_simclr.config.model import ModelConfig
from tf_simclr.config.remarks import idle_flags
from tf_simclr.losses import contrastive
from tf_simclr.losses.contrastive import (
    ALL_NEGATIVES,
    IMPLEMENTATIONS,
    Loss,
    contrastive_accuracy,
    contrastive_entropy,
)
from tf_simclr.losses.dcl import DCL
from tf_simclr.losses.nt_xent import NTXent
from tf_simclr.losses.pairs import NEGATIVES
from tf_simclr.methods.simclr import PER_VIEW

SIZES = [(4, 6), (9, 3)]  # images, dimensions
IN_BLOCKS = [word for word in LOSSES if "blockwise" in implementations(word)]


class Distance(Loss):
    """A loss that has only the dense form, and no settings."""

    def dense(self, projections, memory=None):
        a, b = tf.split(projections, 2)
        return tf.reduce_mean((a - b) ** 2), a @ tf.transpose(b), tf.eye(a.shape[0])


@pytest.mark.parametrize("word", KINDS)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_a_call_says_the_dense_loss_of_small_batches_and_how_views_find_each_other(
    images, dim, word
):
    hidden = tf.constant(projections(images, dim))
    loss = made(word, "auto", hidden_norm=False)
    value, logits, labels = loss.dense(hidden)
    found = loss(hidden)
    assert found.loss == value
    assert found.accuracy == contrastive_accuracy(logits, labels)
    assert found.entropy == contrastive_entropy(logits)


@pytest.mark.parametrize("word", IN_BLOCKS)
@pytest.mark.parametrize("hidden_norm", [True, False])
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_both_implementations_agree(images, dim, hidden_norm, word):
    hidden = tf.constant(projections(images, dim))
    options = {"temperature": 0.2, "hidden_norm": hidden_norm}
    dense, blockwise = (made(word, how, **options)(hidden) for how in ("dense", "blockwise"))
    np.testing.assert_allclose(blockwise.loss, dense.loss, rtol=1e-12)
    assert blockwise.accuracy == dense.accuracy
    assert 0 < blockwise.entropy - dense.entropy < 1e-8 * images


@pytest.mark.parametrize("word", LOSSES)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_gradient_is_that_of_the_loss(images, dim, word):
    loss, hidden = made(word, temperature=0.5), projections(images, dim)
    variable = tf.Variable(hidden)
    with tf.GradientTape() as tape:
        value = loss(variable).loss
    differences = gradient_by_differences(lambda rows: float(loss(rows).loss), hidden)
    np.testing.assert_allclose(tape.gradient(value, variable), differences, atol=1e-7)


def test_losses_differ():
    found = {kind: float(made(kind)(projections(9, 3)).loss) for kind in KINDS}
    assert len(set(found.values())) == len(KINDS)
    assert found["nt_xent"] > found["dcl"] + 0.01  # nt_xent has one term more.


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


@pytest.mark.parametrize(("word", "implementation"), CASES)
def test_half_precision_is_computed_in_float32_and_float64_stays(word, implementation):
    loss = made(word, implementation, temperature=0.2)
    for dtype, computed in (
        (tf.float16, tf.float32),
        (tf.bfloat16, tf.float32),
        (tf.float64, tf.float64),
    ):
        hidden = tf.cast(projections(4, 6), dtype)
        exact = loss(tf.cast(hidden, tf.float64))
        found = loss(hidden)
        assert {value.dtype for value in found} == {computed}
        np.testing.assert_allclose(found.loss, exact.loss, rtol=1e-5)


@pytest.mark.parametrize(("word", "implementation"), CASES)
def test_metrics_carry_no_gradient(word, implementation):
    hidden = tf.constant(projections(4, 6))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(hidden)
        found = made(word, implementation)(hidden)
        total = found.loss + 10 * found.entropy + 10 * found.accuracy
    np.testing.assert_array_equal(tape.gradient(total, hidden), tape.gradient(found.loss, hidden))


@pytest.mark.parametrize("word", KINDS)
def test_it_is_a_value_that_keras_keeps(word):
    loss = made(word, hidden_norm=False)
    assert loss == made(word, hidden_norm=False) != made(word)
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.hidden_norm = True
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert (type(again), again) == (type(loss), loss)


def test_keras_finds_a_loss_that_was_not_imported():
    kept = keras.saving.serialize_keras_object(DCL(temperature=0.2))
    code = (
        "import tf_keras, tf_simclr.nets.simclr;"
        f"assert tf_keras.saving.deserialize_keras_object({kept}).temperature == 0.2"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("word", LOSSES)
def test_an_implementation_that_there_is_not_is_refused(word):
    message = r"^`implementation` \(--loss_implementation\) of .*Received: implementation='fast'"
    with pytest.raises(ValueError, match=message):
        made(word, "fast")


def test_a_loss_without_a_blockwise_form_refuses_it_and_never_takes_it(monkeypatch):
    message = r"of Distance must be one of \('auto', 'dense'\)\. Received: .*='blockwise'\.$"
    with pytest.raises(ValueError, match=message):
        Distance(implementation="blockwise")
    monkeypatch.setattr(contrastive, "LARGE", 1)
    hidden = tf.constant(projections(4, 6))
    assert Distance()(hidden).loss == Distance(implementation="dense")(hidden).loss


def test_a_loss_must_say_what_it_computes():
    with pytest.raises(NotImplementedError):
        Loss()(projections(4, 6))


def test_flags_that_a_loss_has_no_setting_for_are_not_its_own():
    flags = vars(ModelConfig(temperature=0.7, hidden_norm=False, loss_implementation="dense"))
    settings = {"hidden_norm": False, "implementation": "dense"}
    assert NTXent.of(flags) == NTXent(temperature=0.7, **settings)
    assert Distance.of(flags) == Distance(**settings)


@pytest.mark.parametrize(
    ("kind", "flags", "message"),
    [
        (NTXent, {"semi_hard": True}, "`semi_hard` must be False with NTXent, .*=True. Give"),
        (DCL, {"semi_hard": True}, "`semi_hard` must be False with DCL, .*=True. Give"),
        (Distance, {"negatives": "other"}, "`negatives` must be 'both' with Distance, .*'other'."),
    ],
)
def test_a_loss_that_cannot_choose_its_negatives_refuses_such_a_flag(kind, flags, message):
    assert kind.of(vars(ModelConfig())).implementation == "auto"
    with pytest.raises(ValueError, match=f"^{message}"):
        kind.of(vars(ModelConfig(**flags)))


@pytest.mark.parametrize(
    ("word", "of_a_view"),
    [
        ("nt_xent", np.log(np.exp(2) + 6) - 2),
        ("dcl", np.log(6) - 2),
        ("nt_logistic", np.log(1 + np.exp(-2)) + np.log(2)),
        ("margin_triplet", 1.6 - 1),
    ],
)
def test_the_shown_loss_is_that_of_a_view_in_the_papers(word, of_a_view):
    """By hand: of four images whose cosines are 1 with the positive and 0 with the negatives."""
    loss = made(word, "auto", temperature=0.5, triplet_margin=1.6)
    found = loss(np.concatenate([np.eye(4), np.eye(4)])).loss
    np.testing.assert_allclose(PER_VIEW * found, of_a_view, rtol=1e-12)


@pytest.mark.parametrize("word", LOSSES)
def test_settings_of_a_loss_have_an_effect_with_it_and_others_have_none(word):
    config = Config.from_flat({"loss": word})
    fields = {field.name for field in dataclasses.fields(things.load("losses", word))}
    of_any = {f.name for kind in LOSSES for f in dataclasses.fields(things.load("losses", kind))}
    ours = of_any - {"implementation", *ALL_NEGATIVES}  # The latter are refused.
    assert ours & idle_flags(config).keys() == ours - fields


def test_every_word_has_its_file():
    for word in LOSSES:
        assert issubclass(things.load("losses", word), Loss)


def test_the_flags_offer_what_there_is():
    choices = {field.name: field.metadata["choices"] for field in flag_fields()}
    assert tuple(choices["loss"]) == LOSSES
    assert tuple(choices["loss_implementation"]) == IMPLEMENTATIONS
    assert tuple(choices["negatives"]) == NEGATIVES


@pytest.mark.parametrize(("images", "classes"), [(4, 4), (3, 6)])
def test_accuracy_and_entropy_equal_numpys(images, classes):
    logits = np.random.default_rng(2).standard_normal((images, classes))
    labels = np.eye(classes)[np.array([1, 0, 2, 3])[:images]]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    hits = logits.argmax(1) == labels.argmax(1)
    np.testing.assert_allclose(contrastive_accuracy(logits, labels), hits.mean())
    entropy = -(p * np.log(p + 1e-8)).sum(1).mean()
    np.testing.assert_allclose(contrastive_entropy(tf.constant(logits)), entropy, rtol=1e-12)


def test_accuracy_is_1_for_equal_views_and_0_for_shifted_ones():
    views = np.eye(4)
    for second, expected in ((views, 1.0), (np.roll(views, 1, axis=0), 0.0)):
        _, logits, labels = NTXent().dense(tf.constant(np.concatenate([views, second])))
        assert float(contrastive_accuracy(logits, labels)) == expected


def test_entropy_of_equal_logits_is_that_of_a_uniform_choice():
    np.testing.assert_allclose(contrastive_entropy(tf.zeros([2, 7])), np.log(7), rtol=1e-6)
