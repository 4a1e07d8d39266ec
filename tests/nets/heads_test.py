"""The projection head in its three modes against NumPy, and the linear head."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.heads import ProjectionHead, SupervisedHead

RNG = np.random.default_rng(0)


def hidden_of(width):
    return RNG.standard_normal((7, width)).astype(np.float32)


def numpy_layer(inputs, kernel, gamma, beta, relu):
    """Dense without bias and batch norm over the batch (arXiv 2006.10029, section 2)."""
    outputs = inputs.astype(np.float64) @ kernel
    outputs = (outputs - outputs.mean(0)) / np.sqrt(outputs.var(0) + 1e-5) * gamma + beta
    return np.maximum(outputs, 0) if relu else outputs


@pytest.mark.parametrize(
    ("mode", "layers", "width"), [("nonlinear", 3, 6), ("nonlinear", 2, 5), ("linear", 1, 6)]
)
def test_every_output_equals_numpys(mode, layers, width):
    head, hidden = ProjectionHead(mode, out_dim=4, num_layers=layers), hidden_of(width)
    head(hidden)
    for layer in head.layers:
        layer.bn.gamma.assign(RNG.random(layer.bn.gamma.shape) + 0.5)
        if layer.bn.center:
            layer.bn.beta.assign(RNG.standard_normal(layer.bn.beta.shape))
    outputs = head(hidden, training=True)
    assert len(outputs) == layers + 1
    np.testing.assert_array_equal(outputs[0], hidden)
    expected = hidden
    for number, layer in enumerate(head.layers, start=1):
        final = number == layers
        beta = 0 if final else layer.bn.beta.numpy()
        expected = numpy_layer(
            expected, layer.dense.kernel.numpy(), layer.bn.gamma.numpy(), beta, not final
        )
        np.testing.assert_allclose(outputs[number], expected, atol=2e-3)


@pytest.mark.parametrize("width", [6, 9])
def test_all_layers_but_the_last_are_as_wide_as_the_input(width):
    outputs = ProjectionHead(out_dim=4, num_layers=3)(hidden_of(width))
    assert [output.shape[-1] for output in outputs] == [width, width, width, 4]


@pytest.mark.parametrize("width", [6, 9])
def test_linear_is_one_layer_and_none_is_nothing(width):
    hidden = hidden_of(width)
    assert [z.shape[-1] for z in ProjectionHead("linear", out_dim=4)(hidden)] == [width, 4]
    (output,) = ProjectionHead("none", out_dim=4)(hidden, training=True)
    np.testing.assert_array_equal(output, hidden)


def test_there_is_no_bias_and_the_last_norm_has_no_beta():
    head = ProjectionHead(out_dim=4, num_layers=2)
    head(hidden_of(6))
    names = [weight.name.removeprefix("head_contrastive/") for weight in head.trainable_weights]
    assert names == [
        "layer1/dense/kernel:0",
        "layer1/bn/gamma:0",
        "layer1/bn/beta:0",
        "layer2/dense/kernel:0",
        "layer2/bn/gamma:0",
    ]


def test_layers_before_the_last_end_in_relu_and_the_last_does_not():
    outputs = ProjectionHead(out_dim=4, num_layers=3)(hidden_of(6), training=True)
    lowest = [float(tf.reduce_min(output)) for output in outputs]
    assert lowest[1] == lowest[2] == 0
    assert lowest[3] < 0


def test_dense_weights_start_small():
    # N(0, .01), of the original: 3 * 200 * 200 draws have a deviation within 2 % of that.
    head = ProjectionHead(out_dim=200)
    head(hidden_of(200))
    kernels = np.concatenate([layer.dense.kernel.numpy().ravel() for layer in head.layers])
    assert kernels.std() == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("mode", ["nonlinear", "linear", "none"])
def test_projection_head_survives_get_config(mode):
    head = ProjectionHead(
        mode, out_dim=4, num_layers=2, bn_momentum=0.7, global_bn=False, name="projection"
    )
    again = ProjectionHead.from_config(head.get_config())
    assert again.get_config() == head.get_config()
    assert [z.shape for z in again(hidden_of(6))] == [z.shape for z in head(hidden_of(6))]
    assert all((layer.bn.momentum, layer.bn.synchronized) == (0.7, False) for layer in again.layers)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "deep"}, "`mode` must be one of .* Received: mode='deep'"),
        ({"out_dim": 0}, "`out_dim` must be at least 1. Received: out_dim=0"),
        ({"num_layers": 0}, "`num_layers` must be at least 1. Received: num_layers=0"),
    ],
)
def test_impossible_heads_are_errors(options, message):
    with pytest.raises(ValueError, match=message):
        ProjectionHead(**options)


@pytest.mark.parametrize("classes", [3, 10])
def test_zero_init_starts_at_zero_logits(classes):
    hidden = hidden_of(6)
    np.testing.assert_array_equal(
        SupervisedHead(classes, zero_init=True)(hidden), np.zeros((7, classes))
    )
    assert np.abs(SupervisedHead(classes)(hidden)).min() > 0


@pytest.mark.parametrize("zero_init", [True, False])
def test_supervised_head_survives_get_config(zero_init):
    head = SupervisedHead(3, zero_init=zero_init)
    again = SupervisedHead.from_config(head.get_config())
    assert again.get_config() == head.get_config()
    assert bool(np.any(again(hidden_of(6)))) != zero_init
