"""Exemplars: the loss over classes, half precision, and replicas, parts and one device the same.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it trains
under MirroredStrategy, and a test compares that with one device here.
"""

import sys

import numpy as np
import processes
import pytest
import tensorflow as tf
import tf_keras as keras
from sameness import assert_same
from tiny_encoders import TinyConvolution, TinyEncoder

from tf_simclr.nets import many_classes
from tf_simclr.nets.exemplar import ExemplarNet
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.optim.lars import LARS

REPLICAS, STEPS, BATCH, SIZE, CLASSES = 2, 3, 8, 4, 11
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((STEPS, BATCH, SIZE, SIZE, 3))
LABELS = RANDOM.integers(0, CLASSES, (STEPS, BATCH))


def tiny(mode="nonlinear", **options):
    keras.utils.set_random_seed(1)
    head = ProjectionHead(mode, out_dim=5, num_layers=2)
    net = ExemplarNet(TinyEncoder(), head, num_classes=CLASSES, **options)
    net(tf.zeros([1, SIZE, SIZE, 3]))
    return net


@pytest.mark.parametrize("mode", ["nonlinear", "linear", "none"])
def test_the_loss_is_the_mean_over_copies(mode):
    """Equation 1 of the paper as a loop over a batch."""
    net = tiny(mode)
    net.compile(weight_decay=0.3, l2_variables=net.exemplar_head.kernels, run_eagerly=True)
    kernel, bias = net.exemplar_head.kernels[0].numpy(), net.exemplar_head.biases[0].numpy()
    total, right = 0.0, 0
    for image, label in zip(IMAGES[0], LABELS[0]):
        features = net(image[np.newaxis])["proj_head_output"][0].numpy()
        logits = features @ kernel + bias
        total -= np.log(np.exp(logits[label]) / np.exp(logits).sum())
        right += logits.argmax() == label
    results = net.evaluate(IMAGES[0], LABELS[0], batch_size=BATCH, verbose=0, return_dict=True)
    assert set(results) == set(ExemplarNet.METRICS)
    assert results["exemplar_loss"] == pytest.approx(total / BATCH, rel=1e-5)
    assert results["exemplar_acc"] == pytest.approx(right / BATCH)
    penalty = 0.3 * (kernel**2).sum() / 2
    assert results["total_loss"] == pytest.approx(total / BATCH + penalty, rel=1e-5)


def test_it_learns_copies_by_heart():
    net = tiny()
    net.compile(keras.optimizers.Adam(0.05))
    batch = tf.data.Dataset.from_tensors((np.float32(IMAGES[0]), np.arange(BATCH)))
    history = net.fit(batch, epochs=60, verbose=0).history
    assert history["exemplar_acc"][-1] == 1 > history["exemplar_acc"][0]


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_weights_and_loss_stay_in_float32(policy, monkeypatch):
    monkeypatch.setitem(BLOCKS, 10, (1,))
    keras.mixed_precision.set_global_policy(policy)
    try:
        encoder = ResNet(10, width_multiplier=1 / 16, small_images=True)
        head = ProjectionHead(out_dim=4, num_layers=1)
        net = ExemplarNet(encoder, head, num_classes=CLASSES, microbatches=2)
        net(np.float32(IMAGES[0]))
    finally:
        keras.mixed_precision.set_global_policy(None)
    optimizer = LARS(0.5)
    if policy == "mixed_float16":
        optimizer = keras.mixed_precision.LossScaleOptimizer(optimizer)
    net.compile(optimizer, run_eagerly=True)
    images, labels, before = np.float32(IMAGES[0]), LABELS[0], net.get_weights()
    assert net(images)["proj_head_output"].dtype == policy.removeprefix("mixed_")
    loss, right = net.judged(tf.constant(images), tf.constant(labels), training=False)
    assert loss.dtype == right.dtype == tf.float32
    results = net.train_on_batch(images, labels, return_dict=True)
    assert all(np.isfinite(list(results.values())))
    assert {weight.dtype for weight in net.trainable_weights} == {tf.float32}
    assert any(not np.array_equal(was, now) for was, now in zip(before, net.get_weights()))


def compiled(microbatches=1, *, frozen=False, **options):
    """A small network of the same weights each time, all penalised, in several blocks."""
    head = ProjectionHead(out_dim=5, num_layers=2)
    net = ExemplarNet(TinyConvolution(8), head, num_classes=CLASSES, microbatches=microbatches)
    net.exemplar_head = many_classes.ManyClasses(CLASSES, block=4, name="head_exemplar")
    net(tf.zeros([1, SIZE, SIZE, 3]))
    random = np.random.default_rng(1)
    net.set_weights([0.5 + 0.3 * random.standard_normal(weight.shape) for weight in net.weights])
    for norm in (module for module in net.submodules if isinstance(module, BatchNorm)):
        norm.moving_variance.assign(tf.abs(norm.moving_variance) + 0.5)
        norm.trainable = not frozen
    optimizer = LARS(0.5, weight_decay=0.1, eeta=0.5)
    net.compile(optimizer, weight_decay=0.1, l2_variables=net.trainable_variables, **options)
    return net


def trained(net):
    """Weights and metrics of some steps, by name."""
    data = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    history = net.fit(data, verbose=0).history
    weights = {f"weight/{weight.name}": weight.numpy() for weight in net.weights}
    return weights | {f"metric/{name}": np.array(values) for name, values in history.items()}


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("options", [{}, {"jit_compile": True}])
def test_with_frozen_norms_training_in_parts_is_the_plain_steps(options):
    plain = trained(compiled(frozen=True))
    # Shares of right answers are float32.
    assert_same(trained(compiled(2, frozen=True, **options)), plain, rtol=1e-6)
    assert any(np.any(value) for name, value in plain.items() if "head_exemplar" in name)


def program(path):
    """Writes what two replicas learn to `path`."""
    keras.backend.set_floatx("float64")
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * REPLICAS
    tf.config.set_logical_device_configuration(cpu, devices)
    with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
        net = compiled()
    np.savez(path, **trained(net))


@pytest.mark.usefixtures("float64")
def test_replicas_match_one_device(tmp_path):
    run = processes.run([__file__, tmp_path / "replicas.npz"])
    assert run.returncode == 0, run.stderr[-4000:]
    found, one = dict(np.load(tmp_path / "replicas.npz")), trained(compiled())
    blocks = [name for name in one if "head_exemplar/kernel" in name]
    assert len(blocks) == 3
    start = {f"weight/{weight.name}": weight.numpy() for weight in compiled().weights}
    assert all(np.abs(one[name] - start[name]).max() > 1e-3 for name in blocks)
    assert_same(found, one, rtol=1e-6)  # Shares of right answers are float32.
    weights = [name for name in one if name.startswith("weight/")]
    assert_same({n: found[n] for n in weights}, {n: one[n] for n in weights}, rtol=1e-9)


if __name__ == "__main__":
    program(sys.argv[1])
