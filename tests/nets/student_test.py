"""A classifier that learns from a teacher: what it learns, reports, and leaves alone."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.student import Student
from tf_simclr.optim.decay import weight_roles

BATCH, SIZE, CLASSES = 6, 8, 7
FREE = {"total_loss", "weight_decay", "distill_loss", "teacher_agreement"}


@pytest.fixture(autouse=True)
def short_groups(monkeypatch):
    """One block a group: a quarter of the time."""
    monkeypatch.setitem(BLOCKS, 18, (1, 1, 1, 1))


def tiny(kind=Student, seed=1, classes=CLASSES, **options):
    keras.utils.set_random_seed(seed)
    net = kind(
        ResNet(18, width_multiplier=1 / 32, small_images=True),
        ProjectionHead("nonlinear", out_dim=5, num_layers=2),
        num_classes=classes,
        **options,
    )
    net.build([None, SIZE, SIZE, 3])
    for module in net.encoder.submodules:
        if isinstance(module, BatchNorm):  # so that no channel of these few is dead
            module.beta.assign(tf.fill(module.beta.shape, 0.5))
    head = net.supervised_head.kernel
    head.assign(tf.random.stateless_normal(head.shape, [seed, 0]))
    return net


def images():
    return np.random.default_rng(0).standard_normal((BATCH, SIZE, SIZE, 3), np.float32)


LABELS = [0, 1, 2, 3, 4, 5]
ONE_HOT = tf.one_hot(LABELS, CLASSES)


def teacher_of(classes):
    """Logits of pictures by a fixed random projection."""
    kernel = np.random.default_rng(9).standard_normal((SIZE * SIZE * 3, classes)) / 5
    return lambda pictures: tf.reshape(pictures, [-1, SIZE * SIZE * 3]) @ tf.cast(kernel, "float32")


def fit(net, batch, steps=1, rate=0.1, **options):
    net.compile(keras.optimizers.SGD(rate), **({"run_eagerly": True} | options))
    return net.fit(tf.data.Dataset.from_tensors(batch).repeat(steps), verbose=0).history


def softmax(logits):
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 1.0), (0.5, 1.0), (2.0, 0.3)])
@pytest.mark.parametrize("classes", [6, 7])
def test_a_step_follows_the_gradient_of_equation_3(classes, temperature, alpha):
    teacher = teacher_of(classes)
    options = {"teacher": teacher, "temperature": temperature, "alpha": alpha}
    net = tiny(classes=classes, freeze_up_to=4, **options)
    hidden = net.encoder(images())["final_avg_pool"].numpy()
    logits, one_hot = net(images()).numpy(), np.eye(classes)[LABELS]
    kernel, bias = net.supervised_head.get_weights()
    fit(net, (images(), tf.constant(one_hot, tf.float32)))
    distilled = softmax(logits / temperature) - softmax(teacher(images()).numpy() / temperature)
    # Of each row's logits, by hand: d equation 3 / d logits.
    rows = (alpha * distilled / temperature + (1 - alpha) * (softmax(logits) - one_hot)) / BATCH
    found = net.supervised_head.get_weights()
    np.testing.assert_allclose(found[0] - kernel, -0.1 * hidden.T @ rows, atol=2e-6)
    np.testing.assert_allclose(found[1] - bias, -0.1 * rows.sum(axis=0), atol=2e-6)
    assert np.abs(found[0] - kernel).max() > 1e-3


def test_learns_from_pictures_alone():
    net = tiny(teacher=teacher_of(CLASSES))
    history = fit(net, images(), steps=2)
    assert set(history) == FREE
    net.compile(keras.optimizers.Adam(0.01))
    data = tf.data.Dataset.from_tensors(images())
    losses = net.fit(data, epochs=12, verbose=0).history["distill_loss"]
    # It cannot fall below the entropy of the teacher's probabilities.
    word = softmax(teacher_of(CLASSES)(images()).numpy())
    least = -(word * np.log(word)).sum(axis=1).mean()
    assert least < losses[-1] < least + 0.5 * (losses[0] - least)


def test_what_a_step_says_equals_numpy():
    net = tiny(teacher=teacher_of(CLASSES), alpha=0.5, freeze_up_to=4)
    logits, theirs = net(images()).numpy(), teacher_of(CLASSES)(images()).numpy()
    one_hot = tf.one_hot([0, 1, 2, -1, -1, 5], CLASSES)
    history = {name: value[0] for name, value in fit(net, (images(), one_hot)).items()}
    assert set(history) == set(Student.METRICS)
    distilled = -(softmax(theirs) * np.log(softmax(logits))).sum(axis=1).mean()
    known = [0, 1, 2, 5]
    supervised = -np.log(softmax(logits)[known, known]).sum() / BATCH
    np.testing.assert_allclose(history["distill_loss"], distilled, rtol=1e-5)
    np.testing.assert_allclose(history["supervised_loss"], supervised, rtol=1e-5)
    np.testing.assert_allclose(history["total_loss"], (distilled + supervised) / 2, rtol=1e-5)
    agree = np.mean(logits.argmax(axis=1) == theirs.argmax(axis=1))
    hits = np.mean(logits.argmax(axis=1)[known] == known)
    np.testing.assert_allclose(history["teacher_agreement"], agree, rtol=1e-6)
    np.testing.assert_allclose(history["supervised_acc"], hits, rtol=1e-6)


@pytest.mark.parametrize(("moved", "expected"), [([], 1.0), ([0], 5 / 6), ([1, 2, 4], 0.5)])
def test_agreement_is_the_share_of_pictures_of_one_name(moved, expected):
    net = tiny(teacher=None, freeze_up_to=4)
    logits = net(images()).numpy()
    logits[moved] = -logits[moved]  # The largest becomes the smallest.
    net = tiny(teacher=lambda _: tf.constant(logits), freeze_up_to=4)
    agreement = fit(net, images())["teacher_agreement"]
    np.testing.assert_allclose(agreement, [expected], rtol=1e-6)


def test_alpha_0_trains_as_the_classifier_does():
    alone, beside = tiny(Classifier), tiny(teacher=teacher_of(CLASSES), alpha=0.0)
    for net in (alone, beside):
        fit(net, (images(), ONE_HOT), steps=2)
    for expected, found in zip(alone.get_weights(), beside.get_weights()):
        np.testing.assert_array_equal(found, expected)


def test_a_teacher_that_says_the_same_moves_nothing():
    before = tiny(Classifier, freeze_up_to=4)
    net = tiny(teacher=tiny(Classifier, freeze_up_to=4), freeze_up_to=4)
    fit(net, images(), rate=1.0)
    for expected, found in zip(before.get_weights(), net.get_weights()):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_teacher_is_hidden_from_keras():
    teacher = tiny(Classifier, seed=2)
    words = teacher.get_weights()
    net, alone = tiny(teacher=teacher), tiny(Classifier)
    fit(net, images())
    assert len(net.weights) == len(alone.weights)
    assert len(net.trainable_variables) == len(alone.trainable_variables)
    assert not set(map(id, net.submodules)) & {id(teacher), *map(id, teacher.submodules)}
    saved = tf.train.TrackableView(net).descendants()
    assert not set(map(id, saved)) & set(map(id, teacher.weights))
    for expected, found in zip(words, teacher.get_weights()):
        np.testing.assert_array_equal(found, expected)
    roles = weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)
    sorted_ones = (*roles.norms, *roles.biases, *roles.classifier, *roles.kernels)
    assert {v.ref() for v in sorted_ones} == {v.ref() for v in net.trainable_variables}


def test_evaluate_is_the_classifiers_and_asks_no_teacher():
    def silent(_):
        raise AssertionError("asked")

    found = []
    for net in (tiny(Classifier), tiny(teacher=silent)):
        net.compile(run_eagerly=True)
        found.append(net.evaluate(images(), ONE_HOT, verbose=0, return_dict=True))
    assert found[0] == found[1]
    assert set(found[0]) == set(Classifier.METRICS)


def test_several_steps_in_one_execution_are_the_same_steps():
    """Traced, with a teacher that has variables."""
    weights = []
    for steps in (1, 2):
        net = tiny(teacher=tiny(Classifier, seed=2))
        fit(net, images(), steps=4, run_eagerly=False, steps_per_execution=steps)
        weights.append(net.get_weights())
    for expected, found in zip(*weights):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_the_students_alone(policy):
    teacher, asked = tiny(Classifier, seed=2), []

    def ask(pictures):
        asked.append((pictures.dtype, teacher(pictures).dtype))
        return teacher(pictures)

    exact = fit(tiny(teacher=teacher), images())["distill_loss"]
    keras.mixed_precision.set_global_policy(policy)
    try:
        net = tiny(teacher=ask)
        optimizer = keras.optimizers.SGD(0.1)
        if policy == "mixed_float16":
            optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
        net.compile(optimizer, run_eagerly=True)
        history = net.fit(tf.data.Dataset.from_tensors(images()), verbose=0).history
    finally:
        keras.mixed_precision.set_global_policy(None)
    assert set(asked) == {(tf.float32, tf.float32)}
    np.testing.assert_allclose(history["distill_loss"], exact, rtol=0.1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0.0}, "`temperature` must be > 0. Received: temperature=0.0"),
        ({"temperature": -1.0}, "`temperature` must be > 0. Received: temperature=-1.0"),
        ({"temperature": float("nan")}, "`temperature` must be > 0. Received: temperature=nan"),
        ({"alpha": 1.1}, "`alpha` must be in \\[0, 1\\]. Received: alpha=1.1"),
        ({"alpha": -0.1}, "`alpha` must be in \\[0, 1\\]. Received: alpha=-0.1"),
        ({"classes": 0}, "`num_classes` must be >= 1. Received: num_classes=0"),
    ],
)
def test_impossible_students_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        tiny(teacher=teacher_of(CLASSES), **options)


@pytest.mark.parametrize("classes", [3, 8])
def test_a_teacher_of_other_classes_is_an_error(classes):
    net = tiny(teacher=teacher_of(classes))
    message = rf"`teacher` must give logits \[batch, 7\], .* shape \(6, {classes}\)"
    with pytest.raises(ValueError, match=message):
        fit(net, images())
