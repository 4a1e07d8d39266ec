"""The queue and the averaged network by hand, and steps of a network that has them.

With COUNTS of logical devices, which must exist before TensorFlow starts, the file runs itself as a
program: it trains under MirroredStrategy, and tests compare that with one device here.
"""

import functools
import sys

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from sameness import assert_same

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_xent import NTXent
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.memory import MemoryBank, Queue
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

COUNTS, STEPS, BATCH, SIDE, DIM = (2, 4), 4, 8, 4, 5
TEMPERATURE, DECAY = 0.5, 0.75
VIEWS = np.random.default_rng(0).random((STEPS, BATCH, SIDE, SIDE, 6))
FLAT = SIDE * SIDE * 3
OF_THE_LOSS = {"hidden_norm", "implementation"}
pytestmark = pytest.mark.usefixtures("float64")


class Linear(keras.layers.Layer):
    """Pixels -> features, without a norm."""

    def __init__(self):
        super().__init__(name="encoder")
        self.dense = keras.layers.Dense(6, name="dense")

    def call(self, images, training=False):
        return {"final_avg_pool": self.dense(tf.reshape(images, [-1, FLAT]))}


class Normed(Linear):
    """The same behind a batch norm."""

    def __init__(self):
        super().__init__()
        self.norm = BatchNorm(name="norm")

    def call(self, images, training=False):
        hidden = super().call(images)["final_avg_pool"]
        return {"final_avg_pool": tf.nn.relu(self.norm(hidden, training=training))}


class Head(keras.layers.Layer):
    """One dense layer without a norm."""

    def __init__(self):
        super().__init__(name="head")
        self.dense = keras.layers.Dense(DIM, name="dense")

    def call(self, hidden, training=False):
        return [hidden, self.dense(hidden)]


def normed_head():
    return ProjectionHead(out_dim=DIM, num_layers=2)


def compiled(size, *, kinds=(Normed, normed_head), optimizer=None, freeze=False, **options):
    """A small network of the same weights each time, and its memory; of size 0 none."""
    of_fit = {name: options.pop(name) for name in set(options) & {"jit_compile"}}
    of_fit |= {name: options.pop(name) for name in set(options) & {"steps_per_execution"}}
    bank = MemoryBank(*(make() for make in kinds), size=size, decay=DECAY) if size else None
    loss = NTXent(
        temperature=TEMPERATURE, **{name: options.pop(name) for name in set(options) & OF_THE_LOSS}
    )
    net = SimCLR(*(make() for make in kinds), loss=loss, memory=bank, **options)
    net(tf.zeros([1, SIDE, SIDE, 3]))
    random = np.random.default_rng(1)
    net.set_weights([0.3 * random.standard_normal(weight.shape) for weight in net.weights])
    for norm in [module for module in net.submodules if isinstance(module, BatchNorm)]:
        norm.moving_variance.assign(tf.abs(norm.moving_variance) + 0.5)
    if bank is not None:
        bank.follow(net.encoder, net.projection_head, (SIDE, SIDE, 3))
    for norm in [module for module in net.submodules if isinstance(module, BatchNorm)]:
        norm.trainable = not freeze
    net.compile(optimizer or LARS(0.5, weight_decay=0.1, eeta=0.5), **of_fit)
    return net


def state(net):
    """Numbers by name: of the network, the averaged network and the queue."""
    bank = net.memory
    named = {f"net/{number}": v for number, v in enumerate(net.weights)}
    if bank is not None:
        averaged = [*bank.encoder.weights, *bank.projection_head.weights]
        named |= {f"average/{number}": v for number, v in enumerate(averaged)}
        named |= {"rows": bank.queue.rows, "filled": bank.queue.filled}
    return {name: variable.numpy() for name, variable in named.items()}


def fitted(net, views=VIEWS):
    history = net.fit(tf.data.Dataset.from_tensor_slices(views), verbose=0).history
    return state(net) | {"loss": np.array(history["contrast_loss"])}


@functools.cache
def plainly_fitted(size, *, kinds=(Normed, normed_head)):
    """What `fitted` gives of steps one by one, on one device and without a graph."""
    net = compiled(size, kinds=kinds)
    net.run_eagerly = True
    return fitted(net)


def rows_of(first, count):
    return tf.constant([[float(number)] * 2 for number in range(first, first + count)])


def test_the_newest_batch_comes_first_and_the_oldest_rows_leave():
    queue = Queue(5, 2, tf.float32)
    assert (int(queue.filled), queue.rows.numpy().tolist()) == (0, [[0.0, 0.0]] * 5)
    queue.put(rows_of(1, 2))
    assert (int(queue.filled), queue.rows[:, 0].numpy().tolist()) == (2, [1, 2, 0, 0, 0])
    queue.put(rows_of(3, 2))
    assert (int(queue.filled), queue.rows[:, 1].numpy().tolist()) == (4, [3, 4, 1, 2, 0])
    queue.put(rows_of(5, 2))
    assert (int(queue.filled), queue.rows[:, 0].numpy().tolist()) == (5, [5, 6, 3, 4, 1])


def test_a_batch_larger_than_the_queue_leaves_its_first_rows():
    queue = Queue(3, 2, tf.float32)
    for first in (1, 6):
        queue.put(rows_of(first, 5))
        assert int(queue.filled) == 3
        assert queue.rows[:, 0].numpy().tolist() == [first, first + 1, first + 2]
    queue.empty()
    assert (int(queue.filled), queue.rows.numpy().tolist()) == (0, [[0.0, 0.0]] * 3)


def by_hand(size, steps):
    """The network without norms, plain gradient descent, in NumPy but for the gradient.

    Returns the losses of the steps, and weights, averages, rows and filled behind the last one.
    """
    net = compiled(0, kinds=(Linear, Head))
    weights = [weight.numpy() for weight in net.trainable_variables]
    averages, rows, losses = [w.copy() for w in weights], np.zeros([0, DIM]), []

    def project(views, w):
        return (views.reshape(-1, FLAT) @ w[0] + w[1]) @ w[2] + w[3]

    for images in VIEWS[:steps]:
        first, second = images[..., :3], images[..., 3:]
        memory = Memory(tf.constant(rows), tf.constant(len(rows))) if len(rows) else None
        variables = [tf.constant(w) for w in weights]
        with tf.GradientTape() as tape:
            tape.watch(variables)
            flat = tf.reshape(tf.concat([first, second], axis=0), [-1, FLAT])
            hidden = (flat @ variables[0] + variables[1]) @ variables[2] + variables[3]
            loss = NTXent(temperature=TEMPERATURE)(hidden, memory).loss
        gradients = tape.gradient(loss, variables)
        weights = [w - 0.1 * g.numpy() for w, g in zip(weights, gradients)]
        averages = [DECAY * a + (1 - DECAY) * w for a, w in zip(averages, weights)]
        newest = project(second, averages)
        newest /= np.linalg.norm(newest, axis=1, keepdims=True)
        rows = np.concatenate([newest, rows])[:size]
        losses.append(float(loss))
    return losses, weights, averages, rows


@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
@pytest.mark.parametrize("size", [5, BATCH, 20, 1000])
def test_steps_are_those_by_hand(size, implementation):
    net = compiled(
        size,
        kinds=(Linear, Head),
        optimizer=keras.optimizers.SGD(0.1),
        implementation=implementation,
    )
    losses, weights, averages, rows = by_hand(size, STEPS)
    found = [net.train_on_batch(images, return_dict=True)["contrast_loss"] for images in VIEWS]
    np.testing.assert_allclose(found, losses, rtol=1e-10)
    for variable, expected in zip(net.trainable_variables, weights):
        np.testing.assert_allclose(variable, expected, rtol=1e-9)
    bank = net.memory
    averaged = bank.encoder.trainable_variables + bank.projection_head.trainable_variables
    for variable, expected in zip(averaged, averages):
        np.testing.assert_allclose(variable, expected, rtol=1e-9)
    filled = min(size, STEPS * BATCH)
    assert int(bank.queue.filled) == len(rows) == filled
    np.testing.assert_allclose(bank.queue.rows[:filled], rows, rtol=1e-9)


def test_it_starts_as_a_copy_and_its_weights_are_none_of_the_models():
    net, plain = compiled(6), compiled(0)
    assert len(net.weights) == len(plain.weights)
    assert len(net.trainable_variables) == len(plain.trainable_variables)
    bank, other = net.memory, compiled(6).memory
    online = [*net.encoder.weights, *net.projection_head.weights]
    averaged = [*bank.encoder.weights, *bank.projection_head.weights]
    assert len(averaged) == len(online) == 15
    assert not {id(v) for v in averaged} & {id(v) for v in net.weights}
    for average, variable in zip(averaged, online):
        np.testing.assert_array_equal(average, variable)
    fitted(net)
    assert int(bank.queue.filled) == 6
    assert any(np.any(a.numpy() != v.numpy()) for a, v in zip(averaged, online))
    bank.restart()
    for average, variable in zip(averaged, online):
        np.testing.assert_array_equal(average, variable)
    assert int(bank.queue.filled) == 0
    np.testing.assert_array_equal(bank.queue.rows, other.queue.rows)


def test_its_norms_use_and_follow_the_second_views():
    net = compiled(20, optimizer=keras.optimizers.SGD(0.0))  # All weights stand still.
    expected = compiled(0)
    second = VIEWS[0][..., 3:]
    rows = expected(second, training=True)["proj_head_output"].numpy()
    net.train_on_batch(VIEWS[0])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(net.memory.queue.rows[:BATCH], rows, rtol=1e-12)
    np.testing.assert_allclose(
        net.memory.encoder.norm.moving_mean, expected.encoder.norm.moving_mean, rtol=1e-12
    )
    assert np.any(net.memory.encoder.norm.moving_mean != net.encoder.norm.moving_mean)


def test_its_norms_train_on_beside_frozen_ones():
    net = compiled(20, freeze=True)
    before = net.memory.encoder.norm.moving_mean.numpy()
    frozen = net.encoder.norm.moving_mean.numpy()
    net.train_on_batch(VIEWS[0])
    np.testing.assert_array_equal(net.encoder.norm.moving_mean, frozen)
    assert np.all(net.memory.encoder.norm.moving_mean != before)


def test_until_rows_are_in_it_a_step_is_the_plain_one():
    with_memory, plain = fitted(compiled(12), VIEWS[:1]), fitted(compiled(0), VIEWS[:1])
    shared = {name: value for name, value in with_memory.items() if name in plain}
    assert_same(shared, plain, rtol=1e-13)
    second = fitted(compiled(12), VIEWS[:2])["loss"], fitted(compiled(0), VIEWS[:2])["loss"]
    assert second[0] > second[1]


def test_evaluation_leaves_it_alone():
    net, plain = compiled(12), compiled(0)
    fitted(net)
    plain.set_weights(net.get_weights())
    before = state(net)
    data = tf.data.Dataset.from_tensor_slices(VIEWS[:2])
    losses = [each.evaluate(data, verbose=0, return_dict=True) for each in (net, plain)]
    assert losses[0] == losses[1]
    assert_same(state(net), before, rtol=0)


@pytest.mark.parametrize(
    ("count", "options"), [(2, {}), (4, {"steps_per_execution": 2}), (2, {"jit_compile": True})]
)
def test_microbatches_without_norms_are_the_plain_step(count, options):
    kinds = (Linear, Head)
    found = fitted(compiled(20, kinds=kinds, microbatches=count, **options))
    assert_same(found, plainly_fitted(20, kinds=kinds))


def test_microbatches_normalise_each_part_of_the_second_views():
    net = compiled(20, optimizer=keras.optimizers.SGD(0.0), microbatches=2)
    expected = compiled(0)
    parts = np.split(VIEWS[0][..., 3:], 2)
    rows = np.concatenate([expected(part, training=True)["proj_head_output"] for part in parts])
    net.train_on_batch(VIEWS[0])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(net.memory.queue.rows[:BATCH], rows, rtol=1e-12)
    mean = expected.encoder.norm.moving_mean
    np.testing.assert_allclose(net.memory.encoder.norm.moving_mean, mean, rtol=1e-12)


@pytest.mark.parametrize("options", [{"steps_per_execution": 2}, {"jit_compile": True}])
def test_compiled_otherwise_it_is_the_same(options):
    assert_same(fitted(compiled(12, **options)), plainly_fitted(12))


def test_rows_are_kept_as_they_are_where_the_loss_compares_no_cosines():
    net = compiled(20, optimizer=keras.optimizers.SGD(0.0), hidden_norm=False)
    rows = compiled(0)(VIEWS[0][..., 3:], training=True)["proj_head_output"]
    net.train_on_batch(VIEWS[0])
    np.testing.assert_allclose(net.memory.queue.rows[:BATCH], rows, rtol=1e-12)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("microbatches", [1, 2])
def test_in_half_precision_average_and_rows_are_float32(policy, microbatches):
    keras.backend.set_floatx("float32")
    keras.mixed_precision.set_global_policy(policy)
    try:
        net = compiled(12, microbatches=microbatches, optimizer=keras.optimizers.SGD(0.1))
    finally:
        keras.mixed_precision.set_global_policy(None)
    start = net.memory.encoder.dense.kernel.numpy()
    found = fitted(net, VIEWS.astype(np.float32))
    assert {value.dtype for value in found.values()} - {np.dtype(float)} == {
        np.dtype(np.float32),
        np.dtype(np.int32),
    }
    assert np.isfinite(found["loss"]).all()
    np.testing.assert_allclose(np.linalg.norm(found["rows"], axis=1), 1, rtol=1e-5)
    assert np.any(net.memory.encoder.dense.kernel.numpy() != start)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="`size` must be >= 1. Received: size=0"):
        MemoryBank(Linear(), Head(), size=0)
    for decay in (-0.1, 1.0):
        with pytest.raises(
            ValueError, match=rf"`decay` must be in \[0, 1\). Received: decay={decay}"
        ):
            MemoryBank(Linear(), Head(), size=4, decay=decay)
    with pytest.raises(ValueError, match="A memory must `follow` a network"):
        MemoryBank(Linear(), Head(), size=4).remembered()
    net = compiled(0)
    with pytest.raises(ValueError, match="Received: 4 variables, and 15 of the network"):
        MemoryBank(Linear(), Head(), size=4).follow(
            net.encoder, net.projection_head, (SIDE, SIDE, 3)
        )


def under(strategy, microbatches, size=12, steps=STEPS):
    """State behind some steps under a strategy, and how far its replicas' copies are apart."""
    with strategy.scope():
        net = compiled(size, microbatches=microbatches)
        net.memory.restart()  # As behind a warm start.
    found = fitted(net, VIEWS[:steps])
    bank = net.memory
    copies = [
        strategy.experimental_local_results(variable)
        for variable in (*bank.encoder.trainable_variables, bank.queue.rows, bank.queue.filled)
    ]
    spread = [np.ptp([copy.numpy() for copy in each], axis=0).max() for each in copies]
    return found | {"spread": np.array(max(spread))}


class QueueOfBefore(tf.Module):
    """The queue as it was before each replica had its own: its checkpoints must restore."""

    def __init__(self):
        super().__init__(name="memory")
        kept = {"trainable": False, "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA}
        self.rows = tf.Variable(rows_of(1, 3), name="rows", **kept)
        self.filled = tf.Variable(2, name="filled", **kept)


def restored(strategy, prefix):
    """What a checkpoint of before leaves in each replica's queue, and the names in both kinds."""
    with strategy.scope():
        old, new = QueueOfBefore(), Queue(3, 2, tf.float32)
    paths = [
        tf.train.Checkpoint(memory=queue).write(f"{prefix}-{name}")
        for name, queue in (("old", old), ("new", new))
    ]
    names = [[name for name, _ in tf.train.list_variables(path)] for path in paths]
    tf.train.Checkpoint(memory=new).read(paths[0]).assert_consumed()
    copies = {
        name: np.stack([copy.numpy() for copy in strategy.experimental_local_results(variable)])
        for name, variable in (("rows", new.rows), ("filled", new.filled))
    }
    return copies | {"old_names": np.array(names[0]), "new_names": np.array(names[1])}


def program(path, count):
    keras.backend.set_floatx("float64")
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = replicas.make_strategy(use_tpu=False)
    results = {f"all/{k}": v for k, v in under(strategy, 1).items()}
    if count == 2:
        results |= {f"parts/{k}": v for k, v in under(strategy, 2, size=BATCH, steps=2).items()}
    results |= {f"before/{k}": v for k, v in restored(strategy, path).items()}
    np.savez(path, **results)


@pytest.fixture(scope="module")
def on_replicas(run_by_replicas):
    return run_by_replicas(__file__, COUNTS)


@pytest.mark.parametrize("count", COUNTS)
def test_replicas_see_one_queue_that_of_one_device(on_replicas, count):
    found = {k[4:]: v for k, v in on_replicas[count].items() if k.startswith("all/")}
    assert found.pop("spread") == 0
    assert_same(found, plainly_fitted(12))


@pytest.mark.parametrize("count", COUNTS)
def test_replicas_restore_a_checkpoint_of_before_each_had_its_own_queue(on_replicas, count):
    found = {k[7:]: v for k, v in on_replicas[count].items() if k.startswith("before/")}
    assert list(found["new_names"]) == list(found["old_names"])
    np.testing.assert_array_equal(found["rows"], [rows_of(1, 3)] * count)
    np.testing.assert_array_equal(found["filled"], [2] * count)


def test_with_microbatches_too(on_replicas):
    found = {k[6:]: v for k, v in on_replicas[2].items() if k.startswith("parts/")}
    assert found.pop("spread") == 0
    # Part m of all replicas is, on one device, the m-th part of the batch in another order.
    order = np.arange(BATCH).reshape(2, 2, -1).transpose(1, 0, 2).reshape(-1)
    found["rows"] = found["rows"][order]  # The queue holds a batch in the order of its pictures.
    assert_same(found, fitted(compiled(BATCH, microbatches=2), VIEWS[:2, order]))


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
