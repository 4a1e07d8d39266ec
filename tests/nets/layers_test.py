"""Batch norm, convolution and channel attention against NumPy."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.layers import BatchNorm, Conv, SelectiveKernel, SqueezeExcite, fixed_padding

SHAPES = [(6, 3), (4, 5, 2, 3)]  # [batch, channels] and [batch, height, width, channels]
EPSILON = 1e-5


def inputs_of(shape, dtype=np.float32):
    return (2 + 3 * np.random.default_rng(len(shape)).standard_normal(shape)).astype(dtype)


def moments(inputs):
    axes = tuple(range(inputs.ndim - 1))
    return inputs.mean(axes), inputs.var(axes)  # population variance


def batch_norm(dtype="float32", **options):
    """With gamma and beta that are not 1 and 0."""
    layer = BatchNorm(dtype=dtype, **options)
    layer.build([None, 3])
    layer.gamma.assign([0.5, 1.0, 2.0])
    layer.beta.assign([1.0, 0.0, -1.0])
    return layer


def normalised(inputs, mean, variance):
    return (inputs - mean) / np.sqrt(np.add(variance, EPSILON)) * [0.5, 1.0, 2.0] + [1.0, 0.0, -1.0]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 2e-5), ("float64", 1e-12)])
def test_training_normalises_by_the_batch(shape, dtype, tolerance):
    inputs = inputs_of(shape, dtype)
    outputs = batch_norm(dtype)(inputs, training=True)
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs, normalised(inputs, *moments(inputs)), atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("momentum", [0.9, 0.5])
def test_moving_averages_follow_the_population_moments(shape, momentum):
    layer = batch_norm(momentum=momentum)
    mean, variance = np.zeros(3), np.ones(3)
    for scale in (1, 2):
        batch = scale * inputs_of(shape)
        layer(batch, training=True)
        batch_mean, batch_variance = moments(batch)
        mean = momentum * mean + (1 - momentum) * batch_mean
        variance = momentum * variance + (1 - momentum) * batch_variance
    np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_inference_normalises_by_the_moving_averages(shape):
    layer, inputs = batch_norm(), inputs_of(shape)
    layer.moving_mean.assign([1.0, 2.0, 3.0])
    layer.moving_variance.assign([4.0, 5.0, 6.0])
    outputs = layer(inputs, training=False)
    np.testing.assert_allclose(outputs, normalised(inputs, [1, 2, 3], [4, 5, 6]), atol=1e-5)
    np.testing.assert_array_equal(layer.moving_mean, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("shape", SHAPES)
def test_without_scale_and_shift_it_only_normalises(shape):
    layer, inputs = BatchNorm(scale=False, center=False), inputs_of(shape)
    mean, variance = moments(inputs)
    expected = (inputs - mean) / np.sqrt(variance + EPSILON)
    np.testing.assert_allclose(layer(inputs, training=True), expected, atol=2e-5)
    assert layer.trainable_weights == []
    layer.moving_mean.assign([1.0, 2.0, 3.0])
    layer.moving_variance.assign([4.0, 5.0, 6.0])
    expected = (inputs - [1, 2, 3]) / np.sqrt([4, 5, 6])
    np.testing.assert_allclose(layer(inputs, training=False), expected, atol=1e-4)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_frozen_layer_is_in_inference_mode(shape):
    layer, inputs = batch_norm(), inputs_of(shape)
    before = [weight.numpy() for weight in layer.weights]
    layer.trainable = False
    np.testing.assert_array_equal(layer(inputs, training=True), layer(inputs, training=False))
    for weight, value in zip(layer.weights, before):
        np.testing.assert_array_equal(weight, value)


@pytest.mark.parametrize("height", [4, 7])
def test_fused_and_unfused_agree_in_outputs_statistics_and_gradients(height):
    inputs = inputs_of((3, height, 5, 3))
    results = []
    for rows in (inputs, inputs.reshape(-1, 3)):  # rank 4 is fused, rank 2 is not
        layer, rows = batch_norm(), tf.Variable(rows)
        with tf.GradientTape() as tape:
            outputs = layer(rows, training=True)
            loss = tf.reduce_sum(tf.sin(outputs))
        gradients = tape.gradient(loss, [rows, layer.gamma, layer.beta])
        results.append([outputs, *gradients, layer.moving_mean, layer.moving_variance])
    for fused, unfused in zip(*results):
        np.testing.assert_allclose(tf.reshape(fused, [-1]), tf.reshape(unfused, [-1]), atol=5e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_half_precision_keeps_statistics_in_float32(shape):
    inputs = inputs_of(shape, np.float16)
    layer = BatchNorm(dtype="mixed_float16")
    outputs = layer(inputs, training=True)
    assert outputs.dtype == tf.float16
    assert {weight.dtype for weight in layer.weights} == {tf.float32}
    mean, _ = moments(inputs.astype(np.float64))
    np.testing.assert_allclose(layer.moving_mean, 0.1 * mean, rtol=1e-3)


def test_without_center_there_is_no_beta():
    layer = BatchNorm(center=False)
    outputs = layer(inputs_of((50, 3)), training=True)
    assert [weight.name.rsplit("/")[-1] for weight in layer.trainable_weights] == ["gamma:0"]
    np.testing.assert_allclose(tf.reduce_mean(outputs, 0), np.zeros(3), atol=1e-5)


def test_gamma_may_start_at_zero():
    outputs = BatchNorm(gamma_initializer="zeros")(inputs_of((4, 3)), training=True)
    np.testing.assert_array_equal(outputs, np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (BatchNorm(momentum=0.7, center=False, synchronized=False), (2, 3)),
        (BatchNorm(gamma_initializer="zeros"), (2, 3)),
        (Conv(4, 3, 2), (2, 5, 5, 3)),
        (SqueezeExcite(2), (2, 5, 5, 3)),
        (SelectiveKernel(4, 2, 0.5, {"momentum": 0.8}), (2, 5, 5, 3)),
    ],
)
def test_layers_survive_get_config(layer, shape):
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for each in (layer, again):
        each(tf.ones(shape))
    assert [w.shape for w in again.weights] == [w.shape for w in layer.weights]


@pytest.mark.parametrize(("kernel", "before", "after"), [(2, 0, 1), (3, 1, 1), (7, 3, 3)])
def test_padding_depends_on_the_kernel_alone(kernel, before, after):
    for size in (4, 5):
        padded = fixed_padding(tf.ones([1, size, size, 1]), kernel)[0, :, :, 0].numpy()
        expected = np.pad(np.ones((size, size)), (before, after))
        np.testing.assert_array_equal(padded, expected)


@pytest.mark.parametrize("size", [6, 7])
@pytest.mark.parametrize("kernel", [3, 7])
def test_a_strided_convolution_sees_every_second_place_of_an_unstrided_one(size, kernel):
    inputs = inputs_of((2, size, size, 3))
    strided, plain = Conv(4, kernel, 2), Conv(4, kernel)
    plain.build(inputs.shape)
    strided.build(inputs.shape)
    strided.set_weights(plain.get_weights())
    np.testing.assert_allclose(strided(inputs), plain(inputs)[:, ::2, ::2], atol=1e-4)


def test_convolutions_have_no_bias_unless_asked():
    for options, count in (({}, 1), ({"use_bias": True}, 2)):
        conv = Conv(4, 3, **options)
        conv.build([None, 5, 5, 3])
        assert len(conv.weights) == count


@pytest.mark.parametrize("channels", [4, 6])
def test_squeeze_excite_weighs_channels_by_a_sigmoid_of_pooled_ones(channels):
    inputs = inputs_of((2, 3, 5, channels))
    layer = SqueezeExcite(2)
    layer.build(inputs.shape)
    random = np.random.default_rng(0)
    layer(inputs)  # makes the weights of its convolutions
    layer.set_weights([random.standard_normal(weight.shape) for weight in layer.weights])
    reduce, reduce_bias, expand, expand_bias = layer.get_weights()
    pooled = inputs.mean((1, 2))
    hidden = np.maximum(pooled @ reduce[0, 0] + reduce_bias, 0)
    weights = 1 / (1 + np.exp(-(hidden @ expand[0, 0] + expand_bias)))
    np.testing.assert_allclose(layer(inputs), inputs * weights[:, None, None], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("filters", "ratio", "width"), [(4, 0.5, 32), (48, 0.75, 36)])
def test_selective_kernel_mixes_two_streams_by_a_softmax(filters, ratio, width):
    inputs = inputs_of((2, 6, 6, 3))
    layer = SelectiveKernel(filters, 2, ratio, {})
    outputs = layer(inputs)
    assert layer.reduce_conv.kernel.shape == [1, 1, filters, width]  # at least 32
    both = np.maximum(layer.bn(layer.conv(inputs)), 0)
    streams = both[..., :filters], both[..., filters:]
    pooled = (streams[0] + streams[1]).mean((1, 2))
    hidden = np.maximum(pooled @ layer.reduce_conv.kernel[0, 0] / np.sqrt(1 + EPSILON), 0)
    mixing = hidden @ layer.expand_conv.kernel[0, 0].numpy()
    first = 1 / (1 + np.exp(mixing[:, filters:] - mixing[:, :filters]))[:, None, None]
    expected = first * streams[0] + (1 - first) * streams[1]
    assert outputs.shape == (2, 3, 3, filters)
    np.testing.assert_allclose(outputs, expected, rtol=1e-3, atol=1e-5)
