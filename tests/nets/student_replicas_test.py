"""Under two replicas a student learns the same as on one device, with any teacher.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it trains
the same students by a number of replicas, in float64, and the tests compare them.
"""

import sys
import tempfile

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import methods, replicas
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.nets.resnet import BLOCKS
from tf_simclr.pretrained.teacher import open_teacher
from tf_simclr.workdir import checkpoints, run_folder

COUNTS = (1, 2)
STEPS, BATCH, SIZE, CLASSES = 3, 8, 8, 3
IMAGES = np.random.default_rng(0).random((STEPS * BATCH, SIZE, SIZE, 3))
LABELS = np.eye(CLASSES)[np.arange(STEPS * BATCH) % CLASSES]
LABELS[::3] = 0.0  # without a label
FLAGS = {
    "resnet_depth": 18,
    "width_multiplier": 1 / 16,
    "image_size": SIZE,
    "proj_out_dim": 8,
    "train_batch_size": BATCH,
    "train_steps": STEPS,
    "warmup_epochs": 0.0,
    "learning_rate": 3.0,
    "optimizer": "momentum",
}
TEACHERS = ("run", "saved_model")
ALPHAS = (0.5, 1.0)


def write_teachers():
    """Kind -> path of a run of this project and of a SavedModel of others, with variables both."""
    run, other = tempfile.mkdtemp(), tempfile.mkdtemp()
    config = Config.from_flat(FLAGS | {"train_mode": "supervised", "seed": 5})
    run_folder.write_settings(config, run)
    net = methods.network(config, methods.Lesson(CLASSES))
    net.supervised_head.kernel.assign(10 * net.supervised_head.kernel)  # So that it is confident.
    checkpoints.Checkpoints(run, net.parts()).save(1)
    module = tf.Module()
    kernel = np.random.default_rng(1).standard_normal((3, CLASSES)).astype(np.float32)
    module.kernel = tf.Variable(10 * kernel)
    spec = tf.TensorSpec([None, 4, 4, 3], tf.float32, name="x")
    answer = tf.function(lambda x: {"logits": x[:, 1, 2] @ module.kernel}, input_signature=[spec])
    tf.saved_model.save(module, other, signatures={"classify": answer})
    return dict(zip(TEACHERS, (run, other)))


def train(path, alpha, strategy):
    """Name -> weights after training, and each step's metrics."""
    values = {"train_mode": "distill", "teacher": path, "distill_alpha": alpha}
    config = Config.from_flat(FLAGS | values | {"distill_temperature": 0.5})
    with strategy.scope():
        teacher = open_teacher(path, num_classes=CLASSES, image_size=SIZE)
        net = methods.network(config, methods.Lesson(CLASSES, teacher=teacher))
        build.compile_model(config, net, STEPS * BATCH)
    arrays = (IMAGES, LABELS) if alpha < 1 else IMAGES
    data = strategy.experimental_distribute_dataset(
        tf.data.Dataset.from_tensor_slices(arrays).batch(BATCH)
    )
    history = net.fit(data, epochs=STEPS, steps_per_epoch=1, verbose=0).history
    weights = {f"weight/{n}": weight.numpy() for n, weight in enumerate(net.weights)}
    return weights | {f"metric/{name}": np.array(values) for name, values in history.items()}


def program(path, count):
    """Writes the results by `count` replicas to `path`."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    keras.backend.set_floatx("float64")
    BLOCKS[18] = (1, 1)  # to trace a third of them
    strategy = replicas.make_strategy(use_tpu=False)
    results = {"replicas": np.array(strategy.num_replicas_in_sync)}
    for kind, teacher in write_teachers().items():
        for alpha in ALPHAS:
            for name, value in train(teacher, alpha, strategy).items():
                results[f"{kind}/{alpha}/{name}"] = value
    np.savez(path, **results)


@pytest.fixture(scope="module")
def measured(run_by_replicas):
    """Results by number of replicas."""
    return run_by_replicas(__file__, COUNTS)


def test_they_were_several(measured):
    assert [int(measured[count]["replicas"]) for count in COUNTS] == list(COUNTS)


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("kind", TEACHERS)
def test_two_replicas_learn_what_one_device_learns(measured, kind, alpha):
    one, two = (measured[count] for count in COUNTS)
    names = [name for name in one if name.startswith(f"{kind}/{alpha}/")]
    assert len(names) > 30
    for name in names:
        # The SavedModel computes in float32.
        scale = max(np.abs(one[name]).max(), 1e-3)
        rtol = 1e-9 if kind == "run" else 1e-5
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=rtol * scale, err_msg=name)


@pytest.mark.parametrize("kind", TEACHERS)
def test_they_did_learn(measured, kind):
    losses = measured[1][f"{kind}/1.0/metric/distill_loss"]
    assert len(set(losses)) == STEPS
    moved = [name for name in measured[1] if name.startswith(f"{kind}/1.0/weight/")]
    other = measured[1]
    assert any(np.any(other[name] != other[name.replace("1.0", "0.5")]) for name in moved)


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
