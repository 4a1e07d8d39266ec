"""A step in micro-batches: the gradient of the whole batch's loss, on one device and on two.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it trains
under MirroredStrategy, and a test compares that with one device here. All is in float64.
"""

import sys

import numpy as np
import processes
import pytest
import tensorflow as tf
import tf_keras as keras
from sameness import RTOL, assert_same
from tiny_encoders import TinyConvolution

from tf_simclr.losses.nt_xent import NTXent, nt_xent
from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.microbatches import Microbatches, unchanged
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

REPLICAS, STEPS, BATCH, SIZE, CLASSES = 2, 3, 16, 4, 3
TEMPERATURE, WEIGHT_DECAY = 0.5, 0.1
RANDOM = np.random.default_rng(0)
VIEWS = RANDOM.random((STEPS, BATCH, SIZE, SIZE, 6))
LABELS = np.eye(CLASSES)[RANDOM.integers(0, CLASSES, (STEPS, BATCH))]
LABELS[:, 3] = 0.0  # without a label
pytestmark = pytest.mark.usefixtures("float64")


def compiled(microbatches, *, frozen=False, optimizer=None, selector=0, **options):
    """A small network of the same weights each time, all penalised."""
    net = SimCLR(
        TinyConvolution(8),
        ProjectionHead(out_dim=5, num_layers=2),
        num_classes=CLASSES,
        selector=selector,
        loss=NTXent(temperature=TEMPERATURE),
        microbatches=microbatches,
    )
    net(tf.zeros([1, SIZE, SIZE, 3]))
    random = np.random.default_rng(1)
    net.set_weights([0.5 + 0.3 * random.standard_normal(weight.shape) for weight in net.weights])
    for norm in norms(net):
        norm.moving_variance.assign(tf.abs(norm.moving_variance) + 0.5)
        norm.trainable = not frozen
    net.compile(
        optimizer or LARS(0.5, weight_decay=0.1, eeta=0.5),
        weight_decay=WEIGHT_DECAY,
        l2_variables=net.trainable_variables,
        **options,
    )
    return net


def norms(net):
    return [module for module in net.submodules if isinstance(module, BatchNorm)]


def gradients(net, images, labels):
    """What one step hands to the optimiser, by variable; no weight moves."""
    found = {}

    def note(pairs, **_):
        found.update((variable.name, gradient.numpy()) for gradient, variable in pairs)

    net.optimizer.apply_gradients = note
    net.run_eagerly = True
    net.train_on_batch(images, labels)
    return found


def in_parts(images, count):
    """The views of each part, [2 * part, h, w, 3], by slicing."""
    parts = np.split(images, count)
    return [np.concatenate([part[..., :3], part[..., 3:]]) for part in parts]


def naive_loss(net, images, labels, count):
    """The loss of the whole batch, the network called for each part: one tape holds it all."""
    outputs = [net(part, training=True) for part in in_parts(images, count)]

    def joined(name):
        views = [tf.split(output[name], 2, axis=0) for output in outputs]
        return tf.concat([a for a, _ in views] + [b for _, b in views], axis=0)

    loss, _, _ = nt_xent(joined("proj_head_output"), temperature=TEMPERATURE)
    loss += softmax_cross_entropy(joined("logits_sup"), np.concatenate([labels, labels]))
    squares = [tf.reduce_sum(variable**2) for variable in net.trainable_variables]
    return loss + WEIGHT_DECAY * tf.add_n(squares) / 2


@pytest.mark.parametrize(("count", "selector"), [(2, 0), (4, 0), (2, 1), (2, -1)])
def test_with_frozen_norms_gradients_are_the_plain_steps(count, selector):
    plain, parts = (
        gradients(compiled(n, frozen=True, selector=selector), VIEWS[0], LABELS[0])
        for n in (1, count)
    )
    assert len(plain) == 8  # A kernel and a bias of conv, dense and classifier; two of the head.
    assert_same(parts, plain)


@pytest.mark.parametrize("count", [2, 4])
def test_gradients_are_those_of_one_tape_over_all_parts(count):
    net = compiled(1)
    with tf.GradientTape() as tape:
        loss = naive_loss(net, VIEWS[0], LABELS[0], count)
    variables = net.trainable_variables
    naive = {v.name: g.numpy() for v, g in zip(variables, tape.gradient(loss, variables))}
    found = gradients(compiled(count), VIEWS[0], LABELS[0])
    assert_same(found, naive)
    # Else these statistics could not be told from the plain step's.
    plain = gradients(compiled(1), VIEWS[0], LABELS[0])
    differences = [np.abs(found[name] - plain[name]).max() for name in found]
    assert max(differences) > 1e-3


@pytest.mark.parametrize(
    ("count", "options"), [(2, {}), (4, {"steps_per_execution": 3}), (4, {"jit_compile": True})]
)
def test_with_frozen_norms_training_is_the_plain_steps(count, options):
    weights, metrics = [], []
    plain = compiled(1, frozen=True, run_eagerly=True)
    for net in (plain, compiled(count, frozen=True, **options)):
        history = net.fit(tf.data.Dataset.from_tensor_slices((VIEWS, LABELS)), verbose=0).history
        weights.append({weight.name: weight.numpy() for weight in net.weights})
        metrics.append({name: np.array(values) for name, values in history.items()})
    assert_same(weights[1], weights[0])
    assert set(metrics[0]) == set(SimCLR.METRICS)
    assert_same(metrics[1], metrics[0])


@pytest.mark.parametrize(("count", "options"), [(2, {"jit_compile": True}), (4, {})])
def test_moving_averages_follow_each_part_once(count, options):
    net, expected = (compiled(n, optimizer=keras.optimizers.SGD(0.0)) for n in (count, 1))
    for part in in_parts(VIEWS[0], count):
        expected(part, training=True)
    net.compile(keras.optimizers.SGD(0.0), **options)
    net.train_on_batch(VIEWS[0], LABELS[0])
    assert len(norms(net)) == 4
    for norm, reference in zip(norms(net), norms(expected)):
        np.testing.assert_allclose(norm.moving_mean, reference.moving_mean, rtol=RTOL)
        np.testing.assert_allclose(norm.moving_variance, reference.moving_variance, rtol=RTOL)


@pytest.mark.parametrize("labels", [None, np.zeros_like(LABELS[0])])
def test_a_head_without_labels_is_treated_as_in_the_plain_step(labels):
    plain, parts = (gradients(compiled(count, frozen=True), VIEWS[0], labels) for count in (1, 2))
    assert_same(parts, plain)


def test_a_run_goes_on_as_if_it_had_not_been_broken_off():
    data = tf.data.Dataset.from_tensor_slices((VIEWS, LABELS))
    unbroken, first, second = (compiled(2) for _ in range(3))
    unbroken.fit(data, verbose=0)
    first.fit(data.take(1), verbose=0)
    second.set_weights(first.get_weights())
    second.optimizer.build(second.trainable_variables)
    for new, old in zip(second.optimizer.variables, first.optimizer.variables):
        new.assign(old)
    second.fit(data.skip(1), verbose=0)
    for weight, expected in zip(second.get_weights(), unbroken.get_weights()):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("local", [6, None])
def test_a_batch_that_cannot_be_divided_is_an_error(local):
    message = (
        "`microbatches` must divide the pictures of a replica's batch, and all batches must have"
        r" the same size \(tf.data: drop_remainder=True\). Received:"
        f" microbatches=4, {local} pictures."
    )
    with pytest.raises(ValueError, match=message):
        Microbatches(local, 4)
    data = tf.data.Dataset.from_tensor_slices(VIEWS[0][:6]).batch(6, drop_remainder=local == 6)
    with pytest.raises(ValueError, match=message):
        compiled(4).fit(data, verbose=0)


def test_a_part_is_a_slice_of_the_pictures_with_both_views():
    rows = tf.constant([10, 11, 12, 13, 20, 21, 22, 23])  # The drawing in the docstring.
    parts = Microbatches(4, 2)
    assert [parts.part(rows, number).numpy().tolist() for number in range(2)] == [
        [10, 11, 20, 21],
        [12, 13, 22, 23],
    ]


def test_parts_of_one_view_are_plain_slices():
    rows = tf.reshape(tf.range(12.0), [6, 2])
    parts = Microbatches(6, 3, views=1)
    assert [parts.part(rows, number)[:, 0].numpy().tolist() for number in range(3)] == [
        [0, 2],
        [4, 6],
        [8, 10],
    ]
    same, double = parts.map(lambda part: (part, 2 * part), rows, tf.float32)
    np.testing.assert_array_equal(same, rows)
    np.testing.assert_array_equal(double, 2 * rows)


def test_map_joins_what_part_takes_apart_and_sum_adds_it_up():
    rows = tf.reshape(tf.range(24.0), [12, 2])
    parts = Microbatches(6, 3)
    same, double = parts.map(lambda part: (part, 2 * part), rows, tf.float32)
    np.testing.assert_array_equal(same, rows)
    np.testing.assert_array_equal(double, 2 * rows)
    [total] = parts.sum(lambda a, b: [tf.reduce_sum(a * b)], (rows, double), [tf.constant(1.0)])
    assert float(total) == 1 + 2 * (np.arange(24) ** 2).sum()


def test_unchanged_gives_variables_their_values_back():
    variable = tf.Variable([1.0, 2.0])
    with unchanged([variable]):
        variable.assign_add([1.0, 1.0])
        assert variable.numpy().tolist() == [2.0, 3.0]
    assert variable.numpy().tolist() == [1.0, 2.0]


def trained(strategy, count, order):
    """Weights and metrics of some steps, each batch in that order, by name."""
    with strategy.scope():
        net = compiled(count)
    data = tf.data.Dataset.from_tensor_slices((VIEWS[:, order], LABELS[:, order]))
    history = net.fit(data, verbose=0).history
    weights = {f"weight/{weight.name}": weight.numpy() for weight in net.weights}
    return weights | {f"metric/{name}": np.array(values) for name, values in history.items()}


COUNTS = (2, 4)


def program(path):
    """Writes what two replicas learn to `path`."""
    keras.backend.set_floatx("float64")
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * REPLICAS
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    runs = {count: trained(strategy, count, np.arange(BATCH)) for count in COUNTS}
    np.savez(path, **{f"{n}/{name}": v for n, run in runs.items() for name, v in run.items()})


@pytest.fixture(scope="module")
def replicas(tmp_path_factory):
    path = tmp_path_factory.mktemp("microbatches") / "replicas.npz"
    run = processes.run([__file__, path])
    assert run.returncode == 0, run.stderr[-4000:]
    return dict(np.load(path))


@pytest.mark.parametrize("count", COUNTS)
def test_replicas_train_as_one_device_whose_parts_are_theirs_side_by_side(replicas, count):
    # Part m of the whole batch: part m of replica 0, part m of replica 1.
    order = np.arange(BATCH).reshape(REPLICAS, count, -1).swapaxes(0, 1).ravel()
    one = trained(tf.distribute.get_strategy(), count, order)
    found = {name: replicas[f"{count}/{name}"] for name in one}
    assert_same(found, one, rtol=1e-9)


if __name__ == "__main__":
    program(sys.argv[1])
