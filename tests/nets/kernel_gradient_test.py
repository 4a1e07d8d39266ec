import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.nets import kernel_gradient
from tf_simclr.nets.layers import Conv

RANDOM = np.random.default_rng(0)


def normal(*shape, dtype=tf.float32):
    return tf.cast(RANDOM.normal(size=shape), dtype)


@pytest.mark.parametrize("batch", [4, None])
@pytest.mark.parametrize(
    ("height", "width", "side", "strides"),
    [(5, 8, 3, 1), (9, 8, 3, 2), (8, 7, 1, 2), (6, 6, 1, 1), (13, 14, 7, 2), (11, 10, 3, 3)],
)
def test_both_gradients_are_those_of_tensorflow(height, width, side, strides, batch):
    inputs, kernel = normal(4, height, width, 5), normal(side, side, 5, 3)

    def gradients(inputs, kernel, convolution):
        with tf.GradientTape() as tape:
            tape.watch([inputs, kernel])
            outputs = convolution(inputs, kernel)
            loss = tf.reduce_sum(tf.sin(outputs))
        return outputs, *tape.gradient(loss, [inputs, kernel])

    specification = tf.TensorSpec([batch, height, width, 5])
    ours = tf.function(
        lambda x, k: gradients(x, k, lambda *of: kernel_gradient.convolution(*of, strides)),
        input_signature=[specification, tf.TensorSpec(kernel.shape)],
    )
    plain = gradients(inputs, kernel, lambda *of: tf.nn.conv2d(*of, strides, "VALID"))
    for found, expected in zip(ours(inputs, kernel), plain):
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize(("side", "strides"), [(3, 1), (3, 2), (1, 1), (1, 2)])
def test_a_layer_has_the_outputs_that_it_had_and_its_gradient_to_half_precision(
    side, strides, monkeypatch
):
    layer = Conv(6, side, strides, dtype="mixed_bfloat16")
    inputs = normal(8, 6, 5, 16)
    layer(inputs)

    def run():
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            loss = tf.reduce_sum(tf.sin(tf.cast(outputs, tf.float32)))
        return outputs, *tape.gradient(loss, [inputs, layer.kernel])

    calls = []
    products = kernel_gradient.kernel_gradient
    monkeypatch.setattr(
        kernel_gradient, "kernel_gradient", lambda *of: calls.append(of) or products(*of)
    )
    outputs, of_inputs, of_kernel = run()
    assert len(calls) == 1 and of_kernel.dtype == tf.float32
    monkeypatch.setattr(kernel_gradient, "LARGEST", 0)
    plain_outputs, plain_of_inputs, plain_of_kernel = run()
    assert len(calls) == 1
    np.testing.assert_array_equal(tf.cast(outputs, tf.float32), tf.cast(plain_outputs, tf.float32))
    np.testing.assert_allclose(of_inputs, plain_of_inputs, atol=1e-6)
    scale = np.abs(plain_of_kernel).max()
    np.testing.assert_allclose(of_kernel / scale, plain_of_kernel / scale, atol=2**-7)


def test_it_pays_for_small_maps_in_bfloat16_on_cpus(monkeypatch):
    small = kernel_gradient.LARGEST
    assert kernel_gradient.pays(tf.bfloat16, small, small)
    assert not kernel_gradient.pays(tf.float32, small, small)
    assert not kernel_gradient.pays(tf.bfloat16, small + 1, small)
    assert not kernel_gradient.pays(tf.bfloat16, small, small + 1)
    assert not kernel_gradient.pays(tf.bfloat16, None, small)
    assert not kernel_gradient.pays(tf.bfloat16, small, None)
    monkeypatch.setattr(replicas, "on_tpu", lambda: True)
    assert not kernel_gradient.pays(tf.bfloat16, small, small)


def test_gpus_keep_their_own(monkeypatch):
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: ["GPU:0"])
    assert not replicas.on_cpu()
