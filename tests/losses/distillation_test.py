"""Equations 2 and 3 of arXiv 2006.10029, against loops over rows and classes."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.losses.distillation import distillation_loss, mixed_loss
from tf_simclr.losses.supervised import softmax_cross_entropy

SIZES = [(3, 2), (5, 7)]
TEMPERATURES = [0.1, 1.0, 4.0]


def drawn(rows, classes):
    """Logits of a student and a teacher."""
    return np.random.default_rng(rows).standard_normal((2, rows, classes))


def probabilities(logits, temperature):
    """P(y | x; t) of one row, term by term."""
    exponentials = [math.exp(logit / temperature) for logit in logits]
    return [value / sum(exponentials) for value in exponentials]


def equation_2(student, teacher, temperature):
    total = 0.0
    for ours, theirs in zip(student, teacher):
        for p, q in zip(probabilities(theirs, temperature), probabilities(ours, temperature)):
            total -= p * math.log(q)
    return total / len(student)


def labels(rows, classes, unlabelled=()):
    """A class for each row, and zeros for those of `unlabelled`."""
    one_hot = np.eye(classes)[np.arange(rows) % classes]
    one_hot[list(unlabelled)] = 0
    return one_hot


def gradient(function, logits):
    logits = tf.Variable(logits)
    with tf.GradientTape() as tape:
        loss = function(logits)
    return tape.gradient(loss, logits)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(("rows", "classes"), SIZES)
def test_equation_2(rows, classes, temperature):
    student, teacher = drawn(rows, classes)
    loss = distillation_loss(tf.constant(student), tf.constant(teacher), temperature=temperature)
    assert loss.dtype == tf.float64
    np.testing.assert_allclose(loss, equation_2(student, teacher, temperature), rtol=1e-12)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
@pytest.mark.parametrize(("rows", "classes"), SIZES)
def test_equation_3_sums_over_labelled_rows_and_over_all(rows, classes, alpha):
    student, teacher = drawn(rows, classes)
    one_hot = labels(rows, classes, unlabelled=[1])
    known = [row for row in range(rows) if row != 1]
    word = sum(math.log(probabilities(student[row], 1)[row % classes]) for row in known)
    mixed = mixed_loss(
        tf.constant(student), tf.constant(teacher), one_hot, temperature=2.0, alpha=alpha
    )
    distilled = equation_2(student, teacher, 2.0)
    np.testing.assert_allclose(mixed.supervised, -word / rows, rtol=1e-12)
    np.testing.assert_allclose(mixed.distilled, distilled, rtol=1e-12)
    expected = -(1 - alpha) * word / rows + alpha * distilled
    np.testing.assert_allclose(mixed.loss, expected, rtol=1e-12)


@pytest.mark.parametrize(("rows", "classes"), SIZES)
def test_alpha_0_is_the_supervised_loss_exactly(rows, classes):
    student, teacher = map(tf.constant, drawn(rows, classes))
    one_hot = labels(rows, classes, unlabelled=[0])
    mixed = mixed_loss(student, teacher, one_hot, temperature=0.5, alpha=0.0)
    supervised = softmax_cross_entropy(student, one_hot)
    assert float(mixed.loss) == float(supervised) != float(mixed.distilled)


def test_alpha_1_ignores_labels_and_needs_none():
    student, teacher = map(tf.constant, drawn(5, 4))
    options = {"temperature": 0.5, "alpha": 1.0}
    some = [labels(5, 4), labels(5, 4)[::-1].copy(), labels(5, 4, range(5)), None]
    losses = {float(mixed_loss(student, teacher, rows, **options).loss) for rows in some}
    assert losses == {float(distillation_loss(student, teacher, temperature=0.5))}


def test_a_weight_of_labels_without_any_is_an_error():
    student, teacher = map(tf.constant, drawn(3, 2))
    with pytest.raises(ValueError, match="`alpha` must be 1 .* Received: alpha=0.5. Give labels"):
        mixed_loss(student, teacher, None, temperature=1.0, alpha=0.5)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize(("rows", "classes"), SIZES)
def test_the_gradient_is_the_difference_of_probabilities_over_t(rows, classes, temperature):
    student, teacher = drawn(rows, classes)
    found = gradient(lambda s: distillation_loss(s, teacher, temperature=temperature), student)
    difference = [
        np.subtract(probabilities(ours, temperature), probabilities(theirs, temperature))
        for ours, theirs in zip(student, teacher)
    ]
    expected = np.array(difference) / (temperature * rows)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_a_student_that_is_its_teacher_has_no_gradient():
    student, _ = drawn(5, 7)
    found = gradient(lambda s: distillation_loss(s, student + 3.0, temperature=0.5), student)
    np.testing.assert_allclose(found, np.zeros([5, 7]), atol=1e-15)


def test_the_teacher_has_no_gradient():
    student, teacher = drawn(3, 4)
    student = tf.constant(student)
    assert gradient(lambda t: distillation_loss(student, t, temperature=1.0), teacher) is None


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    # The teacher is undecided, and 2e4 / 0.1 is beyond float16.
    student = tf.constant([[20.0, 19.0]], dtype)
    teacher = tf.constant([[20000.0, 20000.0]], dtype)
    loss = distillation_loss(student, teacher, temperature=0.1)
    assert loss.dtype == tf.float32
    # -(log q1 + log q2) / 2, with log q1 = -log(1 + e^-10) and log q2 = log q1 - 10.
    np.testing.assert_allclose(loss, math.log1p(math.exp(-10)) + 5, rtol=1e-6)
