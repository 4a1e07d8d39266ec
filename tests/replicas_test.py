"""Two and four replicas do what one device does: loss, batch norm, LARS, and a whole step.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program:
it computes everything under MirroredStrategy, and the tests compare that with one device here.
"""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tiny_encoders import TinyConvolution

from tf_simclr import replicas
from tf_simclr.losses.nt_xent import nt_xent
from tf_simclr.losses.pairs import compare
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

COUNTS = (2, 4)
IMAGES, DIM = 8, 5
SHAPES = {"rank2": (8, 3), "rank4": (8, 4, 2, 3)}
RANDOM = np.random.default_rng(0)
VIEW_A, VIEW_B = RANDOM.standard_normal((2, IMAGES, DIM))
INPUTS = {name: 1 + 2 * RANDOM.standard_normal(shape) for name, shape in SHAPES.items()}
STARTS = {"kernel": RANDOM.standard_normal((3, 2)), "bias": RANDOM.standard_normal(2)}
GRADIENTS = {name: RANDOM.standard_normal((3, *start.shape)) for name, start in STARTS.items()}
PICTURES = RANDOM.random((3, IMAGES, 4, 4, 6))  # three batches
LABELS = np.eye(3)[RANDOM.integers(0, 3, (3, IMAGES))]


def trained_weights(strategy) -> dict[str, np.ndarray]:
    """What fit makes of the same start, in float64: three steps with LARS."""
    keras.backend.set_floatx("float64")
    try:
        with strategy.scope():
            net = SimCLR(TinyConvolution(4), ProjectionHead(out_dim=4, num_layers=2), num_classes=3)
            net(tf.zeros([1, 4, 4, 3], tf.float64))
            random = np.random.default_rng(1)
            net.set_weights([random.random(weight.shape) for weight in net.weights])
            outside = [v for v in net.trainable_variables if v.shape.rank == 1]
            optimizer = LARS(0.5, weight_decay=0.1, eeta=0.5, exclude_from_weight_decay=outside)
            net.compile(optimizer, weight_decay=0.1, l2_variables=[net.supervised_head.kernel])
        batches = tf.data.Dataset.from_tensor_slices((PICTURES, LABELS))
        history = net.fit(batches, verbose=0).history
    finally:
        keras.backend.set_floatx("float32")
    weights = {weight.name: weight.numpy() for weight in net.weights}
    # What is read from a variable is one replica's copy; the others must be equal.
    copies = [strategy.experimental_local_results(v) for v in net.trainable_variables]
    spread = max(np.ptp([copy.numpy() for copy in each], axis=0).max() for each in copies)
    return weights | {"loss": np.array(history["total_loss"]), "spread": spread}


def under(strategy, count: int) -> dict[str, np.ndarray]:
    """Everything that the tests compare, by name."""

    def spread(array):
        parts = np.split(array, count)
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(parts[context.replica_id_in_sync_group])
        )

    def run(function, *arrays):
        """What each replica returns, on a new first axis."""
        run = tf.function(lambda *parts: strategy.run(function, parts), autograph=False)
        return tf.nest.map_structure(
            lambda value: np.stack(strategy.experimental_local_results(value)),
            run(*map(spread, arrays)),
        )

    def loss_and_gradient(a, b):
        hidden = tf.concat([a, b], axis=0)
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            loss, logits, labels = nt_xent(hidden, temperature=0.3)
            share = loss / replicas.count()
        return loss, tape.gradient(share, hidden), logits, labels

    def naive(a, b):
        """NT-Xent called as if there were no replicas, and a loss of gathered values."""
        hidden = tf.concat([a, b], axis=0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([hidden, a])
            pairs = compare(hidden, temperature=0.3, hidden_norm=True)
            columns = tf.argmax(pairs.labels, axis=1)
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(columns, pairs.from_a)
                + tf.nn.sparse_softmax_cross_entropy_with_logits(columns, pairs.from_b)
            )
            share = loss / replicas.count()
            sines = tf.reduce_mean(tf.sin(a @ tf.transpose(replicas.gather(a)))) / replicas.count()
        constant = tf.zeros([]) if _has_gradient(replicas.gather_constant) else tf.ones([])
        return loss, tape.gradient(share, hidden), tape.gradient(sines, a), constant

    def _has_gradient(gather):
        rows = tf.ones([2, 3])
        with tf.GradientTape() as tape:
            tape.watch(rows)
            gathered = gather(rows)
        return tape.gradient(gathered, rows) is not None

    def words(a):
        return replicas.count(), replicas.index(), replicas.gather(a), replicas.mean(a)

    results = dict(zip(("count", "index", "gather", "mean"), run(words, VIEW_A)))
    results["may_loop"] = run(lambda a: replicas.may_loop(), VIEW_A)
    loss = run(loss_and_gradient, VIEW_A, VIEW_B)
    results |= dict(zip(("loss", "gradient", "logits", "labels"), loss))
    names = ("loss", "gradient", "of_gathered", "constant")
    results |= {f"naive/{k}": v for k, v in zip(names, run(naive, VIEW_A, VIEW_B))}

    for name, inputs in INPUTS.items():
        for synchronized in (True, False):
            with strategy.scope():
                norm = BatchNorm(dtype="float64", synchronized=synchronized)
                norm.build(inputs.shape)

            def normalise(part, norm=norm):
                with tf.GradientTape() as tape:
                    tape.watch(part)
                    outputs = norm(part, training=True)
                    loss = tf.reduce_sum(tf.sin(outputs))
                return outputs, tape.gradient(loss, part)

            key = f"{name}/{'global' if synchronized else 'local'}"
            results[f"{key}/outputs"], results[f"{key}/gradient"] = run(normalise, inputs)
            results[f"{key}/mean"] = norm.moving_mean.numpy()
            results[f"{key}/variance"] = norm.moving_variance.numpy()

    with strategy.scope():
        norm = BatchNorm()
        norm.build([None, 1])
    constant = run(lambda part: norm(part, training=True), np.full((8, 1), 3333.3, np.float32))
    results["constant"] = constant
    results |= {f"fit/{name}": value for name, value in trained_weights(strategy).items()}

    with strategy.scope():
        variables = {name: tf.Variable(start, name=name) for name, start in STARTS.items()}
        optimizer = LARS(0.5, weight_decay=0.1, exclude_from_weight_decay=[variables["bias"]])
        optimizer.build(list(variables.values()))

    def step(number):
        # Each replica has its share of the gradient; the optimiser sums them.
        optimizer.apply_gradients(
            (tf.constant(GRADIENTS[name][number] / count), variable)
            for name, variable in variables.items()
        )

    for number in range(3):
        tf.function(lambda number=number: strategy.run(step, (number,)), autograph=False)()
    for name, variable in variables.items():
        copies = strategy.experimental_local_results(variable)
        results[f"lars/{name}"] = np.stack([copy.numpy() for copy in copies])
    return results


def program(path: str, count: int) -> None:
    """Writes the results under `count` replicas to `path`."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    strategy = replicas.make_strategy(use_tpu=False)
    results = under(strategy, count) | {"strategy": type(strategy).__name__}
    np.savez(path, **results)


@pytest.fixture(scope="module")
def measured(run_by_replicas):
    """Results by number of replicas."""
    return run_by_replicas(__file__, COUNTS)


@pytest.fixture(params=COUNTS)
def many(request, measured):
    return measured[request.param] | {"replicas": request.param}


@pytest.fixture(scope="module")
def one():
    return under(tf.distribute.get_strategy(), 1)


def whole(parts: np.ndarray) -> np.ndarray:
    """[replica, local, ...] -> [global, ...]"""
    return parts.reshape(-1, *parts.shape[2:])


def test_one_replica_has_count_1_and_index_0_and_itself():
    local = tf.constant([[1.0], [2.0]])
    assert (replicas.count(), replicas.index()) == (1, 0)
    assert replicas.gather(local) is local
    assert replicas.mean(local) is local


def test_a_replica_knows_whether_it_is_a_tpus():
    cpu = tf.distribute.OneDeviceStrategy("CPU:0")
    tpu = object.__new__(tf.distribute.TPUStrategy)  # Its constructor wants a TPU.
    tpu._extended = cpu.extended
    with tf.distribute.ReplicaContext(tpu, 0):
        assert replicas.on_tpu()
    with tf.distribute.ReplicaContext(cpu, 0):
        assert not replicas.on_tpu()
    with cpu.scope():  # Between replicas there is no device of one's own.
        assert not replicas.on_tpu()
    assert not replicas.on_tpu()


def test_replicas_know_their_number_and_place(many):
    assert set(many["count"]) == {many["replicas"]}
    np.testing.assert_array_equal(many["index"], range(many["replicas"]))


def test_gather_concatenates_in_order_on_every_replica(many):
    for gathered in many["gather"]:
        np.testing.assert_array_equal(gathered, VIEW_A)


def test_mean_is_over_replicas_element_by_element(many):
    expected = VIEW_A.reshape(many["replicas"], -1, DIM).mean(0)
    for mean in many["mean"]:
        np.testing.assert_allclose(mean, expected, rtol=1e-12)


def test_collectives_may_stand_in_a_loop_on_one_device_and_not_of_mirrored_ones(many, one):
    # On TPUs they may: tests/tpu/ traces that.
    assert (many["may_loop"].any(), one["may_loop"].all()) == (False, True)


@pytest.mark.parametrize("loss", ["loss", "naive/loss"])
def test_mean_of_the_replicas_losses_is_one_devices(many, one, loss):
    np.testing.assert_allclose(many[loss].mean(), one["loss"][0], rtol=1e-12)


@pytest.mark.parametrize("loss", ["", "naive/"])
def test_gradient_of_the_shared_loss_is_one_devices(many, one, loss):
    # Rows of each replica: its first views, then its second ones.
    local = IMAGES // many["replicas"]
    for view in range(2):
        rows = many[f"{loss}gradient"][:, view * local : (view + 1) * local]
        expected = one["gradient"][0, view * IMAGES : (view + 1) * IMAGES]
        np.testing.assert_allclose(whole(rows), expected, atol=1e-12)


def test_a_gather_passes_its_gradient(many, one):
    expected = one["naive/of_gathered"][0]
    np.testing.assert_allclose(whole(many["naive/of_gathered"]), expected, atol=1e-12)


def test_a_constant_gather_passes_none(many, one):
    assert many["naive/constant"].all() and one["naive/constant"].all()


def test_logits_span_all_replicas(many, one):
    np.testing.assert_allclose(whole(many["logits"]), one["logits"][0], rtol=1e-12)
    np.testing.assert_array_equal(whole(many["labels"]), np.eye(IMAGES))


@pytest.mark.parametrize("rank", SHAPES)
def test_synchronised_batch_norm_sees_the_whole_batch(many, one, rank):
    for name in ("outputs", "gradient"):
        key = f"{rank}/global/{name}"
        np.testing.assert_allclose(whole(many[key]), whole(one[key]), atol=1e-12)
    for name in ("mean", "variance"):
        key = f"{rank}/global/{name}"
        np.testing.assert_allclose(many[key], one[key], rtol=1e-12)


@pytest.mark.parametrize("rank", SHAPES)
def test_local_batch_norm_sees_its_own_part(many, rank):
    parts = np.stack(np.split(INPUTS[rank], many["replicas"]))
    axes = tuple(range(1, parts.ndim - 1))
    mean, variance = parts.mean(axes, keepdims=True), parts.var(axes, keepdims=True)
    expected = (parts - mean) / np.sqrt(variance + 1e-5)
    np.testing.assert_allclose(many[f"{rank}/local/outputs"], expected, atol=1e-10)
    moving = 0.9 * 1 + 0.1 * variance.reshape(many["replicas"], -1).mean(0)
    np.testing.assert_allclose(many[f"{rank}/local/variance"], moving, rtol=1e-10)


def test_a_channel_that_does_not_vary_stays_finite(many):
    # E[x^2] - E[x]^2 is negative there, by rounding.
    assert np.isfinite(many["constant"]).all()


@pytest.mark.parametrize("name", STARTS)
def test_lars_treats_every_replicas_copy_alike(many, one, name):
    for copy in many[f"lars/{name}"]:
        np.testing.assert_allclose(copy, one[f"lars/{name}"][0], rtol=1e-7)
        np.testing.assert_array_equal(copy, many[f"lars/{name}"][0])


def test_replicas_train_as_one_device(many, one):
    names = [name for name in one if name.startswith("fit/")]
    assert len(names) > 20
    for name in names:
        np.testing.assert_allclose(many[name], one[name], rtol=1e-6, atol=1e-9, err_msg=name)
    assert many["fit/spread"] == 0


def test_several_devices_make_a_mirrored_strategy_and_one_the_default(many):
    assert many["strategy"] == "MirroredStrategy"
    assert replicas.make_strategy(use_tpu=False) is tf.distribute.get_strategy()


ADDRESSES = ["localhost:1", "localhost:2"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cluster": 1}',
        json.dumps({"cluster": {"worker": ADDRESSES}}),
        json.dumps({"cluster": {"worker": ADDRESSES}, "task": "worker"}),
        json.dumps({"cluster": {"worker": ADDRESSES}, "task": {"type": "worker", "index": 2}}),
        json.dumps({"cluster": {"worker": ADDRESSES}, "task": {"type": "ps", "index": 0}}),
    ],
)
def test_a_tf_config_that_is_none_is_one_clear_line(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match="^`TF_CONFIG` in the environment must be a JSON object"):
        replicas.make_strategy(use_tpu=False)


@pytest.mark.parametrize("cluster", [{}, {"worker": ["localhost:1"]}])
def test_a_lone_worker_needs_no_strategy_of_its_own(monkeypatch, cluster):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster}))
    assert replicas.make_strategy(use_tpu=False) is tf.distribute.get_strategy()
    assert replicas.is_chief()


@pytest.mark.parametrize(
    ("cluster", "kind", "index", "chief"),
    [
        ({"worker": ADDRESSES}, "worker", 0, True),
        ({"worker": ADDRESSES}, "worker", 1, False),
        ({"chief": ["localhost:3"], "worker": ADDRESSES}, "chief", 0, True),
        ({"chief": ["localhost:3"], "worker": ADDRESSES}, "worker", 0, False),
        ({"chief": ["localhost:3"], "worker": ADDRESSES}, "worker", "1", False),
    ],
)
def test_one_of_the_workers_is_the_chief(monkeypatch, cluster, kind, index, chief):
    config = {"cluster": cluster, "task": {"type": kind, "index": index}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(config))
    assert replicas.is_chief() == chief


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
