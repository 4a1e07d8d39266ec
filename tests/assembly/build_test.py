"""What a config's model is made of, and what its optimiser does to it."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import methods
from tf_simclr.assembly import build
from tf_simclr.config import Config

TINY = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}
BATCH, STEPS, CLASSES = 4, 3, 3
RTOL = 1e-7  # of float64; learning rates are float32


@pytest.mark.parametrize("wanted", [True, False])
def test_the_linear_head_is_there_where_it_is_wanted(wanted):
    config = Config.from_flat({**TINY, "lineareval_while_pretraining": wanted})
    net = methods.network(config, methods.Lesson(3))
    assert (net.supervised_head is not None) == wanted
    assert net.num_classes == (3 if wanted else 0)


@pytest.mark.parametrize("use_tpu", [True, False])
def test_a_step_is_compiled_as_asked_but_on_a_tpu_by_the_strategy_alone(use_tpu):
    config = Config.from_flat({**TINY, "jit_compile": True, "use_tpu": use_tpu})
    net = methods.network(config, methods.Lesson(CLASSES))
    build.compile_model(config, net, num_examples=512)
    assert net.jit_compile is not use_tpu


@pytest.fixture
def float64():
    keras.backend.set_floatx("float64")
    yield
    keras.backend.set_floatx("float32")


def pretraining(optimizer, layer):
    """(config, its compiled model)."""
    flags = {"optimizer": optimizer, "ft_proj_selector": layer, "weight_decay": 0.1}
    flags |= {"train_batch_size": BATCH, "train_steps": STEPS, "warmup_epochs": 0.0}
    config = Config.from_flat({**TINY, **flags, "learning_rate": 20.0})
    net = methods.network(config, methods.Lesson(CLASSES))
    build.compile_model(config, net, BATCH)
    net.run_eagerly = True
    return config, net


def head_inputs(net, both, layer):
    """What the linear head reads of a batch in training, by the parts of `net`, left unchanged."""
    before = net.get_weights()
    hidden = net.encoder(both, training=True)["final_avg_pool"]
    read = net.projection_head(hidden, training=True)[layer].numpy()
    net.set_weights(before)
    return read


def logistic_regression(weights, read, labels, *, decay):
    """(Loss, gradients) of kernel and bias, by hand; `decay` of each."""
    kernel, bias = weights
    scores = np.exp(read @ kernel + bias)
    probabilities = scores / scores.sum(axis=1, keepdims=True)
    loss = -np.log(probabilities[labels == 1]).mean()
    error = (probabilities - labels) / len(read)
    return loss, (read.T @ error + decay[0] * kernel, error.sum(axis=0) + decay[1] * bias)


# REFERENCE of the original: the head reads layer k behind a stop-gradient; LARS leaves its decay to
# the loss, which takes the kernel alone; momentum's takes the bias too.
@pytest.mark.parametrize(("optimizer", "decay"), [("lars", (0.1, 0)), ("momentum", (0.1, 0.1))])
@pytest.mark.parametrize("layer", [1, -1])
@pytest.mark.usefixtures("float64")
def test_a_linear_head_learns_from_the_layer_that_it_is_given(optimizer, decay, layer):
    random = np.random.default_rng(0)
    images, one_hot = random.random((STEPS, BATCH, 16, 16, 6)), np.eye(CLASSES)
    labels = one_hot[random.integers(CLASSES, size=[STEPS, BATCH])]
    config, net = pretraining(optimizer, layer)
    weights = net.supervised_head.get_weights()
    velocities = [0.0, 0.0]
    for step, (pictures, known) in enumerate(zip(images, labels)):
        both, twice = np.concatenate(np.split(pictures, 2, axis=-1)), np.concatenate([known, known])
        loss, gradients = logistic_regression(
            weights, head_inputs(net, both, layer), twice, decay=decay
        )
        rate, steps = float(build.schedule(config, BATCH)(step)), []
        for n, gradient in enumerate(gradients):  # Nesterov's in momentum alone.
            velocities[n] = 0.9 * velocities[n] + rate * gradient
            ahead = 0.9 * velocities[n] + rate * gradient
            steps.append(ahead if optimizer == "momentum" else velocities[n])
        weights = [weight - step for weight, step in zip(weights, steps)]
        net.reset_metrics()
        found = net.train_on_batch(tf.constant(pictures), tf.constant(known), return_dict=True)
        np.testing.assert_allclose(found["supervised_loss"], loss, rtol=1e-6)  # a float32 mean
        for ours, expected in zip(net.supervised_head.get_weights(), weights):
            np.testing.assert_allclose(ours, expected, rtol=RTOL, atol=RTOL)
    assert weights[0].shape[0] == (8 if layer == -1 else 32)
