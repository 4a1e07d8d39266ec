"""Replicas and workers train as one device with the whole batch, and gather no more than they must.

Devices and workers must be set up before TensorFlow starts, so the file runs itself as a program:
it trains the same small networks under each strategy, in float64, and the tests compare them. So
they do with every loss and its gradient.
"""

import json
import os
import sys

import numpy as np
import processes
import pytest
import tensorflow as tf
import tf_keras as keras
from cluster import tf_configs

from tf_simclr import methods, replicas, things
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.config.choices import LOSSES
from tf_simclr.losses.nt_xent import nt_xent
from tf_simclr.nets.resnet import BLOCKS

STEPS, BATCH, SIZE, CLASSES = 5, 8, 8, 3
RANDOM = np.random.default_rng(0)
VIEWS = RANDOM.random((STEPS * BATCH, SIZE, SIZE, 6))
LABELS = np.eye(CLASSES)[RANDOM.integers(0, CLASSES, STEPS * BATCH)]
LABELS[3] = 0.0  # without a label
FLAGS = {
    "resnet_depth": 18,
    "width_multiplier": 1 / 16,
    "image_size": SIZE,
    "proj_out_dim": 8,
    "num_proj_layers": 2,
    "train_batch_size": BATCH,
    "train_steps": STEPS,
    "warmup_epochs": 0.0,
    "learning_rate": 3.0,
    "weight_decay": 1e-2,
    "use_blur": False,
}
FINETUNING = {"train_mode": "finetune", "fine_tune_after_block": 1, "ft_proj_selector": 1}
CASES = {
    f"{mode}_{optimizer}": FLAGS | flags | {"optimizer": optimizer}
    for mode, flags in (("pretrain", {}), ("finetune", FINETUNING))
    for optimizer in ("lars", "momentum")
}
# What does not depend on the place and number of replicas is only tested on two devices.
FEWER = ("pretrain_lars", "finetune_momentum")
DEVICES, WORKERS = (2, 4), 2
RTOL = 1e-9  # float64 leaves 1e-15 a step; what is summed in another order may grow from there
DIM = 16  # of the projections whose traffic is counted
PROJECTIONS = RANDOM.standard_normal((2, BATCH, DIM))


def train(flags: dict, strategy: tf.distribute.Strategy) -> dict[str, np.ndarray]:
    """Weights, last gradients and every step's loss of a run of `flags`, by name."""
    config = Config.from_flat(flags)
    with strategy.scope():
        net = methods.network(config, methods.Lesson(CLASSES))
        build.compile_model(config, net, STEPS * BATCH)
        sums = {"synchronization": tf.VariableSynchronization.ON_READ}
        sums |= {"aggregation": tf.VariableAggregation.SUM, "trainable": False}
        gradients = {
            variable.ref(): tf.Variable(tf.zeros_like(variable), **sums)
            for variable in net.trainable_variables
        }
    random = np.random.default_rng(1)
    net.set_weights([0.5 + 0.1 * random.standard_normal(weight.shape) for weight in net.weights])
    apply = net.optimizer.apply_gradients

    def noting(pairs, **options):
        pairs = list(pairs)
        for gradient, variable in pairs:
            # They are summed already, and what is noted is summed over replicas when it is read.
            gradients[variable.ref()].assign(gradient / replicas.count())
        return apply(pairs, **options)

    net.optimizer.apply_gradients = noting
    images = VIEWS if config.run.train_mode == "pretrain" else VIEWS[..., :3]

    def batches(context):
        local = context.get_per_replica_batch_size(BATCH)
        parts = tf.data.Dataset.from_tensor_slices((images, LABELS)).batch(local)
        return parts.shard(context.num_input_pipelines, context.input_pipeline_id)

    history = net.fit(
        strategy.distribute_datasets_from_function(batches),
        epochs=STEPS,
        steps_per_epoch=1,
        verbose=0,
    ).history
    results = {f"weight/{weight.name}": weight.numpy() for weight in net.weights}
    for number, gradient in enumerate(gradients.values()):
        results[f"gradient/{number}"] = tf.convert_to_tensor(gradient).numpy()
    return results | {f"loss/{name}": np.array(values) for name, values in history.items()}


def train_all(strategy: tf.distribute.Strategy, cases=tuple(CASES)) -> dict[str, np.ndarray]:
    """The results of some of CASES."""
    blocks, BLOCKS[18] = BLOCKS[18], (1, 1)  # to trace a third of them
    keras.backend.set_floatx("float64")
    try:
        runs = {case: train(CASES[case], strategy) for case in cases}
    finally:
        keras.backend.set_floatx("float32")
        BLOCKS[18] = blocks
    return {f"{case}/{name}": value for case, run in runs.items() for name, value in run.items()}


def every_loss(strategy: tf.distribute.Strategy) -> dict[str, np.ndarray]:
    """WORD/loss and WORD/gradient of each loss: those of all rows, from any replica."""
    count = strategy.num_replicas_in_sync
    parts = PROJECTIONS.reshape(2, count, -1, DIM).transpose(1, 0, 2, 3).reshape(count, -1, DIM)
    results = {}
    for word in LOSSES:

        def step(word=word):
            hidden = tf.constant(parts)[replicas.index()]
            with tf.GradientTape() as tape:
                tape.watch(hidden)
                loss = things.load("losses", word)()(hidden).loss
            gradient = tape.gradient(loss, hidden)
            here = tf.one_hot(replicas.index(), count, dtype=gradient.dtype)
            # Each replica's part is its own gradient; elsewhere it is 0.
            return replicas.mean(loss), replicas.mean(here[:, tf.newaxis, tf.newaxis] * gradient)

        run = tf.function(lambda step=step: strategy.run(step), autograph=False)
        loss, gradient = (strategy.experimental_local_results(each)[0] for each in run())
        gradient = gradient.numpy().reshape(count, 2, -1, DIM).transpose(1, 0, 2, 3)
        results[f"{word}/loss"] = loss.numpy()
        results[f"{word}/gradient"] = gradient.reshape(PROJECTIONS.shape)
    return results


def traffic(strategy: tf.distribute.Strategy) -> dict[str, list]:
    """What crosses replicas in the graph of NT-Xent and its gradient.

    Returns:
      "operations": the collectives, of all replicas of this process; "gathered": shapes of what
      each of these replicas hands to `replicas.gather`.
    """
    gather, gathered = replicas.gather, []

    def noting(local):
        gathered.append(local.shape.as_list())
        return gather(local)

    def gradient(hidden):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            loss, _, _ = nt_xent(hidden, temperature=0.5)
        return tape.gradient(loss, hidden)

    hidden = strategy.experimental_distribute_values_from_function(
        lambda context: tf.ones([2 * BATCH, DIM])
    )
    function = tf.function(lambda values: strategy.run(gradient, (values,)), autograph=False)
    replicas.gather = noting
    try:
        operations = function.get_concrete_function(hidden).graph.get_operations()
    finally:
        replicas.gather = gather
    kinds = [operation.type for operation in operations if "Collective" in operation.type]
    return {"operations": kinds, "gathered": gathered}


def program(path: str) -> None:
    """Trains under the strategy that the environment asks for; writes the results to `path`."""
    count = int(os.environ.get("DEVICES", 1))
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * count
    )
    strategy = replicas.make_strategy(use_tpu=False)
    results = train_all(strategy, tuple(CASES) if count == 2 else FEWER)
    described = {
        "strategy": type(strategy).__name__,
        "replicas": strategy.num_replicas_in_sync,
        "traffic": traffic(strategy),
    }
    np.savez(path, described=json.dumps(described), **results, **every_loss(strategy))


def start(path, **environment):
    return processes.start([__file__, path], env=os.environ | environment)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Results by where they were made."""
    folder = tmp_path_factory.mktemp("replicas")
    processes = {
        f"worker {n}": {"TF_CONFIG": config} for n, config in enumerate(tf_configs(WORKERS))
    }
    processes |= {f"{count} devices": {"DEVICES": str(count)} for count in DEVICES}
    paths = {name: folder / f"{name.replace(' ', '_')}.npz" for name in processes}
    started = {name: start(paths[name], **values) for name, values in processes.items()}
    try:
        for name, process in started.items():
            assert process.wait() == 0, (name, process.read("err")[-4000:])
    finally:
        for process in started.values():
            process.kill()
    return {name: dict(np.load(path)) for name, path in paths.items()}


@pytest.fixture(scope="module")
def one():
    return train_all(tf.distribute.get_strategy())


def assert_same(found, expected, case):
    names = [name for name in expected if name.startswith(f"{case}/")]
    assert len(names) > 30
    for name in names:
        scale = np.abs(expected[name]).max()
        np.testing.assert_allclose(
            found[name], expected[name], rtol=0, atol=RTOL * max(scale, 1e-3), err_msg=name
        )


@pytest.mark.parametrize(
    ("where", "case"),
    [
        *(("2 devices", case) for case in CASES),
        *((where, case) for where in ("4 devices", "worker 0") for case in FEWER),
    ],
)
def test_replicas_train_as_one_device_with_the_whole_batch(measured, one, where, case):
    assert_same(measured[where], one, case)


@pytest.mark.parametrize("word", LOSSES)
@pytest.mark.parametrize("where", ["2 devices", "4 devices", "worker 0", "worker 1"])
def test_every_loss_and_its_gradient_are_one_devices(measured, where, word):
    one = every_loss(tf.distribute.get_strategy())
    for name in (f"{word}/loss", f"{word}/gradient"):
        np.testing.assert_allclose(measured[where][name], one[name], rtol=0, atol=1e-12)


@pytest.mark.parametrize("case", FEWER)
def test_workers_end_alike(measured, case):
    assert_same(measured["worker 1"], measured["worker 0"], case)


def test_a_mirrored_strategy_of_one_device_changes_nothing(one):
    found = train_all(tf.distribute.MirroredStrategy(["CPU:0"]), FEWER)
    for case in FEWER:
        assert_same(found, one, case)


@pytest.mark.parametrize("case", CASES)
def test_five_steps_move_what_trains(one, case):
    # Else the comparisons above would say nothing.
    gradients = [value for name, value in one.items() if name.startswith(f"{case}/gradient")]
    assert all(np.abs(gradient).max() > 1e-6 for gradient in gradients)
    losses = one[f"{case}/loss/total_loss"]
    assert len(set(losses)) == STEPS


@pytest.mark.parametrize(
    ("where", "strategy", "count"),
    [
        ("2 devices", "MirroredStrategy", 2),
        ("4 devices", "MirroredStrategy", 4),
        ("worker 0", "CollectiveAllReduceStrategy", WORKERS),
        ("worker 1", "CollectiveAllReduceStrategy", WORKERS),
    ],
)
def test_the_environment_decides_the_strategy(measured, where, strategy, count):
    described = json.loads(str(measured[where]["described"]))
    assert (described["strategy"], described["replicas"]) == (strategy, count)


@pytest.mark.parametrize(("where", "local"), [("2 devices", 2), ("4 devices", 4), ("worker 0", 1)])
def test_each_replica_sends_its_embeddings_once_and_nothing_on_the_way_back(measured, where, local):
    sent = json.loads(str(measured[where]["described"]))["traffic"]
    # Of both views a row, 2 * dim wide, and their normalisers.
    assert sorted(sent["gathered"]) == sorted([[BATCH, 2 * DIM], [BATCH, 2]] * local)
    # TensorFlow gathers the shape beside each. The gradient of its own gather would be a reduction
    # of the whole: a CollectiveReduceV2.
    assert sent["operations"] == ["CollectiveGatherV2"] * 4 * local


if __name__ == "__main__":
    program(sys.argv[1])
