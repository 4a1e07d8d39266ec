"""LAMB from tensorflow-addons against its recurrence in NumPy; without it, what is said.

The file runs itself as a program: logical devices must exist before TensorFlow starts.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import processes
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import methods
from tf_simclr.assembly import build
from tf_simclr.config import Config
from tf_simclr.main import main
from tf_simclr.optim.lamb import lamb
from tf_simclr.optim.schedules import WarmupCosine

with_addons = pytest.mark.skipif(
    not importlib.util.find_spec("tensorflow_addons"), reason="needs tensorflow-addons"
)
without_addons = pytest.mark.skipif(
    bool(importlib.util.find_spec("tensorflow_addons")), reason="needs no tensorflow-addons"
)
STEPS, DECAY = 3, 0.3
RANDOM = np.random.default_rng(0)
# Names that begin and end with the first one, which a careless pattern would not tell apart.
STARTS = {
    "bias": RANDOM.standard_normal(4),
    "bias_of_two": RANDOM.standard_normal((2, 3)),
    "second_bias": RANDOM.standard_normal(5),
}
GRADIENTS = {name: RANDOM.standard_normal((STEPS, *w.shape)) for name, w in STARTS.items()}
RATES = [0.0, 0.25, 0.5]  # WarmupCosine below, by hand: 0, half way up, and the peak


def numpy_lamb(w, gradients, *, weight_decay, adapted):
    """Algorithm 2 of arXiv 1904.00962, with phi the identity; float64."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, (g, rate) in enumerate(zip(gradients, RATES), start=1):
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        r = (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-6)
        u = r + weight_decay * w
        w = w - rate * (np.linalg.norm(w) / np.linalg.norm(u) if adapted else 1.0) * u
    return w


def trained(strategy):
    """The variables after three steps of the optimiser."""
    with strategy.scope():
        variables = {name: tf.Variable(w, name=name) for name, w in STARTS.items()}
        schedule = WarmupCosine(0.5, warmup_steps=2, total_steps=4)
        optimizer = lamb(schedule, weight_decay=DECAY, exclude=[variables["bias"]])
        optimizer.build(list(variables.values()))

    @tf.function
    def step(number):
        # Each replica has its share of the gradient; the optimiser sums them.
        share = 1 / strategy.num_replicas_in_sync
        optimizer.apply_gradients(
            (tf.constant(GRADIENTS[name][number] * share), v) for name, v in variables.items()
        )

    for number in range(STEPS):
        strategy.run(step, [number])
    return {name: variable.numpy() for name, variable in variables.items()}


def expected():
    found = {
        name: numpy_lamb(start, GRADIENTS[name], weight_decay=DECAY, adapted=True)
        for name, start in STARTS.items()
    }
    bias = numpy_lamb(STARTS["bias"], GRADIENTS["bias"], weight_decay=0.0, adapted=False)
    return found | {"bias": bias}


@with_addons
def test_follows_the_recurrence_but_for_what_is_excluded():
    found = trained(tf.distribute.get_strategy())
    for name, value in expected().items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6)  # Its rates are float32.


@with_addons
def test_is_saved_with_its_exclusions(tmp_path):
    net = keras.Sequential([keras.layers.Dense(2, input_shape=[3])])
    net.compile(lamb(0.1, weight_decay=DECAY, exclude=[net.layers[0].bias]), "mse")
    net.train_on_batch(np.ones([4, 3]), np.zeros([4, 2]))
    net.save(tmp_path / "net.h5")
    again = keras.models.load_model(tmp_path / "net.h5")
    for trained in (net, again):
        trained.train_on_batch(np.ones([4, 3]), np.zeros([4, 2]))
    for ours, theirs in zip(again.get_weights(), net.get_weights()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


@with_addons
@pytest.mark.parametrize("count", [2, 4])
def test_replicas_follow_it_too(count):
    done = processes.run([__file__, count])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    for name, value in expected().items():
        np.testing.assert_allclose(found[name], value, rtol=1e-6)


@with_addons
def test_tells_the_rate_of_the_next_step():
    variable = tf.Variable([1.0])
    optimizer = lamb(WarmupCosine(0.5, warmup_steps=2, total_steps=4))
    rates = []
    for _ in range(STEPS):
        rates.append(float(optimizer.learning_rate))
        optimizer.apply_gradients([(tf.ones([1]), variable)])
    np.testing.assert_allclose(rates, RATES)


def tensors(folder, step):
    reader = tf.train.load_checkpoint(os.path.join(folder, f"ckpt-{step}"))
    return {
        name: np.asarray(reader.get_tensor(name)) for name in reader.get_variable_to_shape_map()
    }


@with_addons
@pytest.mark.parametrize("train_mode", ["pretrain", "finetune"])
def test_a_run_trains_and_goes_on_where_it_stopped(no_exports, tiny_flags, tmp_path, train_mode):
    whole, parted = str(tmp_path / "whole"), str(tmp_path / "parted")
    flags = ["tf-simclr", *tiny_flags, "--optimizer=lamb", f"--train_mode={train_mode}"]
    flags += ["--learning_rate=1.0", "--checkpoint_steps=1"]
    assert main([*flags, f"--model_dir={whole}"]) == 0
    shutil.copytree(whole, parted)
    # The last two checkpoints are gone, as if the run had been killed after the first.
    for step in (2, 3):
        for path in tf.io.gfile.glob(os.path.join(parted, f"ckpt-{step}.*")):
            os.remove(path)
    assert main([*flags, f"--model_dir={parted}"]) == 0
    first, last, again = tensors(whole, 1), tensors(whole, 3), tensors(parted, 3)
    weights = [name for name in last if name.startswith("encoder/") and "kernel" in name]
    assert any("/m/" in name for name in weights)  # The moments are saved with the weights.
    assert all(np.isfinite(last[name]).all() for name in last if last[name].dtype.kind == "f")
    assert all(np.any(first[name] != last[name]) for name in weights)
    for name, value in last.items():
        np.testing.assert_array_equal(again[name], value, err_msg=name)


@with_addons
def test_a_run_decays_neither_norms_nor_biases():
    flags = {"optimizer": "lamb", "learning_rate": 1.0, "weight_decay": 0.1, "warmup_epochs": 0.0}
    network = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16}
    config = Config.from_flat({**flags, **network, "train_batch_size": 256, "train_steps": 10})
    net = methods.network(config, methods.Lesson(0))
    build.compile_model(config, net, 256)
    before = [variable.numpy() for variable in net.trainable_variables]
    # Without a gradient the decay alone is left.
    zeros = [(tf.zeros_like(variable), variable) for variable in net.trainable_variables]
    net.optimizer.apply_gradients(zeros)
    decayed = {"kernel": [], "gamma": []}
    for variable, old in zip(net.trainable_variables, before):
        for kind, changed in decayed.items():
            if kind in variable.name:
                changed.append(np.any(variable.numpy() != old))
    assert all(decayed["kernel"]) and decayed["gamma"] and not any(decayed["gamma"])


@with_addons
def test_another_keras_is_an_error():
    code = "from tf_simclr.optim.lamb import lamb; lamb(0.1)"
    environment = os.environ | {"TF_USE_LEGACY_KERAS": "0"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert "uses another Keras than tf_keras. Received: optimizer='lamb'." in done.stderr
    assert "set TF_USE_LEGACY_KERAS=1." in done.stderr


@without_addons
def test_without_addons_one_line_says_what_to_install(tiny_flags, tmp_path, capsys):
    folder = tmp_path / "run"
    flags = ["tf-simclr", *tiny_flags, "--optimizer=lamb", f"--model_dir={folder}"]
    assert main(flags) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "`optimizer` 'lamb' needs tensorflow-addons" in line
    assert "Received: optimizer='lamb'." in line
    assert "Python 3.10 or 3.11: pip install 'tf_simclr[addons]'" in line
    assert not folder.exists()


if __name__ == "__main__":
    names = [f"CPU:{number}" for number in range(int(sys.argv[1]))]
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * len(names)
    )
    results = trained(tf.distribute.MirroredStrategy(names))
    print(json.dumps({name: value.tolist() for name, value in results.items()}))
