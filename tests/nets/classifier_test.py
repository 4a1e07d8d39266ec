"""The classifier on a pretrained encoder: what it reads, what it trains, what it leaves alone."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import EPSILON, BatchNorm
from tf_simclr.nets.resnet import BLOCKS, ResNet

BATCH, SIZE, CLASSES = 6, 8, 7


@pytest.fixture(autouse=True)
def short_groups(monkeypatch):
    """One block a group: a quarter of the time, and all that freezing can tell apart."""
    monkeypatch.setitem(BLOCKS, 18, (1, 1, 1, 1))


def tiny(mode="nonlinear", *, layers=2, **options):
    keras.utils.set_random_seed(1)
    net = Classifier(
        ResNet(18, width_multiplier=1 / 32, small_images=True),
        ProjectionHead(mode, out_dim=5, num_layers=layers),
        **({"num_classes": CLASSES} | options),
    )
    net.build([None, SIZE, SIZE, 3])
    for module in net.encoder.submodules:
        if isinstance(module, BatchNorm):  # so that no channel of these few is dead
            module.beta.assign(tf.fill(module.beta.shape, 0.5))
    return net


def images():
    return np.random.default_rng(0).standard_normal((BATCH, SIZE, SIZE, 3), np.float32)


ONE_HOT = tf.one_hot([0, 1, 2, 3, 4, 5], CLASSES)


def fit(net, steps=2):
    net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)  # cheaper than to trace a ResNet
    data = tf.data.Dataset.from_tensors((images(), ONE_HOT)).repeat(steps)
    return net.fit(data, verbose=0).history


def changed(layer, before):
    return [not np.array_equal(was, now) for was, now in zip(before, layer.get_weights())]


@pytest.mark.parametrize(("selector", "width"), [(0, 16), (1, 16), (2, 5), (-1, 5)])
def test_classifies_the_selected_output_of_the_head(selector, width):
    net = tiny(selector=selector)
    outputs = net.projection_head(net.encoder(images())["final_avg_pool"])
    assert net.supervised_head.kernel.shape == (width, CLASSES)
    expected = outputs[selector] @ net.supervised_head.kernel + net.supervised_head.bias
    np.testing.assert_allclose(net(images()), expected, atol=1e-6)


@pytest.mark.parametrize("training", [False, True])
def test_classifies_the_pyramid_standardised_by_the_batch_or_as_it_went(training):
    net = tiny(selector="pyramid")
    fit(net, steps=1)
    features = net.encoder(images(), training=training)["pyramid"].numpy()
    norm, (kernel, bias) = net.supervised_head.norm, net.supervised_head.trainable_variables
    assert (norm.gamma, norm.beta) == (None, None)
    mean, variance = norm.moving_mean.numpy(), norm.moving_variance.numpy()
    if training:
        mean, variance = features.mean(axis=0), features.var(axis=0)
    standard = (features - mean) / np.sqrt(variance + EPSILON)
    found = net(images(), training=training)
    np.testing.assert_allclose(found, standard @ kernel + bias, rtol=1e-4, atol=1e-4)


def test_fit_lowers_the_loss():
    net = tiny()
    net.compile(keras.optimizers.Adam(0.01))
    data = tf.data.Dataset.from_tensors((images(), ONE_HOT))
    losses = net.fit(data, epochs=8, verbose=0).history["supervised_loss"]
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("selector", [0, -1, "pyramid"])
def test_linear_evaluation_trains_the_linear_layer_only_and_moves_no_statistic(selector):
    net = tiny(freeze_up_to=4, selector=selector)
    assert len(net.trainable_variables) == 2
    encoder, head = net.encoder.get_weights(), net.projection_head.get_weights()
    linear = net.supervised_head.get_weights()
    fit(net)
    assert not any(changed(net.encoder, encoder))
    assert not any(changed(net.projection_head, head))
    assert all(changed(net.supervised_head, linear))


@pytest.mark.parametrize("group", [0, 4])
def test_frozen_batch_norm_in_training_mode_follows_the_batch_and_keeps_its_weights(group):
    # As the original has it; golden/trajectory_finetune_* and lineareval_* hold the numbers.
    net = tiny(freeze_up_to=group, frozen_batch_norm="training")
    frozen = [net.encoder.stem, *net.projection_head.layers]
    before = [layer.get_weights() for layer in frozen]
    fit(net)
    for layer, weights in zip(frozen, before):
        moved = {v.name for v, change in zip(layer.weights, changed(layer, weights)) if change}
        assert moved == {v.name for v in layer.weights if "moving_" in v.name}


@pytest.mark.parametrize("group", [0, 2])
def test_only_what_is_behind_the_frozen_groups_trains(group):
    net = tiny(freeze_up_to=group)
    parts = [net.encoder.stem, *net.encoder.groups]
    before = [part.get_weights() for part in parts]
    fit(net)
    for number, (part, weights) in enumerate(zip(parts, before)):
        assert any(changed(part, weights)) != (number <= group)


@pytest.mark.parametrize(("selector", "trained"), [(0, 0), (1, 1), (2, 2), (-1, 2)])
def test_layers_behind_the_selector_are_left_alone(selector, trained):
    net = tiny(selector=selector)
    before = [layer.get_weights() for layer in net.projection_head.layers]
    fit(net)
    moved = [all(changed(*pair)) for pair in zip(net.projection_head.layers, before)]
    touched = [any(changed(*pair)) for pair in zip(net.projection_head.layers, before)]
    assert moved == touched == [number <= trained for number in (1, 2)]


@pytest.mark.parametrize(
    ("selector", "kept"), [(0, 0), (1, 1), (2, 2), (3, 3), (-1, 3)] + [("pyramid", 0)]
)
def test_fine_tunes_from_every_layer_of_the_papers_head_and_trains_what_it_keeps(selector, kept):
    net = tiny(layers=3, selector=selector)
    parts = [net.encoder, *net.projection_head.layers, net.supervised_head]
    before = [part.get_weights() for part in parts]
    trained = {id(variable) for variable in net.trainable_variables}
    expected = [True] + [number <= kept for number in (1, 2, 3)] + [True]
    for part, trains in zip(parts, expected):
        # All that is not a moving average trains, or nothing of it.
        weights = {id(v) for v in part.variables if "moving_" not in v.name}
        assert trained & weights == (weights if trains else set())
    fit(net)
    assert [any(changed(*pair)) for pair in zip(parts, before)] == expected


@pytest.mark.parametrize("classes", [3, 7])
def test_zero_init_starts_at_chance(classes):
    net = tiny(num_classes=classes, zero_init=True)
    labels = tf.one_hot([0, 1, 2, 0, 1, 2], classes)
    net.compile(run_eagerly=True)
    results = net.evaluate(images(), labels, verbose=0, return_dict=True)
    np.testing.assert_array_equal(net(images()), np.zeros((BATCH, classes)))
    np.testing.assert_allclose(results["supervised_loss"], np.log(classes), rtol=1e-6)


def test_evaluate_equals_numpy_and_changes_nothing():
    net = tiny(zero_init=False)
    net.supervised_head.kernel.assign(tf.random.stateless_normal([16, CLASSES], [0, 0]))
    kernel = net.supervised_head.kernel.numpy()
    net.compile(weight_decay=0.1, l2_variables=[net.supervised_head.kernel], run_eagerly=True)
    before = net.get_weights()
    results = net.evaluate(images(), ONE_HOT, batch_size=4, verbose=0, return_dict=True)
    logits = net(images()).numpy().astype(np.float64)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    labels = np.arange(BATCH)
    ranks = (logits > logits[labels, labels][:, None]).sum(1)
    np.testing.assert_allclose(results["supervised_acc"], np.mean(ranks < 1), rtol=1e-6)
    np.testing.assert_allclose(results["supervised_top_5_acc"], np.mean(ranks < 5), rtol=1e-6)
    np.testing.assert_allclose(results["weight_decay"], 0.1 * (kernel**2).sum() / 2, rtol=1e-5)
    # A mean over batches, of which the second has two pictures of six.
    losses = -log_p[labels, labels]
    expected = (losses[:4].mean() + losses[4:].mean()) / 2
    np.testing.assert_allclose(results["supervised_loss"], expected, rtol=1e-5)
    assert not any(changed(net, before))


def test_results_are_floats():
    history = fit(tiny())
    assert set(history) == set(Classifier.METRICS)
    assert all(isinstance(value, float) for values in history.values() for value in values)


def test_predict_gives_logits():
    net = tiny()
    net.compile(run_eagerly=True)
    assert net.predict(images(), batch_size=4, verbose=0).shape == (BATCH, CLASSES)


@pytest.mark.parametrize("mode", ["linear", "none"])
def test_works_on_every_kind_of_head(mode):
    net = tiny(mode, selector=-1)
    assert net.supervised_head.kernel.shape[0] == {"linear": 5, "none": 16}[mode]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_classes": 0}, "`num_classes` must be >= 1. Received: num_classes=0"),
        ({"freeze_up_to": 5}, "`freeze_up_to` must be from -1 to 4. Received: freeze_up_to=5"),
        ({"freeze_up_to": -2}, "`freeze_up_to` must be .* Received: freeze_up_to=-2"),
        (
            {"frozen_batch_norm": "thawed"},
            "`frozen_batch_norm` must be one of .* Received: frozen_batch_norm='thawed'",
        ),
        ({"selector": 3}, "`selector` must be from -1 to 2, .* Received: selector=3"),
        ({"selector": -2}, "`selector` must be from -1 to 2, .* Received: selector=-2"),
        (
            {"selector": "stem"},
            "`selector` must be a number or 'pyramid'. Received: selector='stem'",
        ),
        ({"mode": "none", "selector": 1}, "`selector` must be from -1 to 0, .* selector=1"),
    ],
)
def test_impossible_classifiers_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        tiny(**options)
