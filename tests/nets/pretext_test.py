"""Networks that make their own labels: parts of a batch, replicas, and what they refuse.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it trains
under MirroredStrategy, and a test compares that with one device here. All is in float64.
"""

import sys

import numpy as np
import processes
import pytest
import tensorflow as tf
import tf_keras as keras
from sameness import assert_same
from tiny_encoders import TinyConvolution

from tf_simclr.losses.supervised import softmax_cross_entropy
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.pretext import PretextNet, metrics_of
from tf_simclr.nets.rotation import RotationNet, turns_of
from tf_simclr.optim.lars import LARS

REPLICAS, STEPS, BATCH, SIZE = 2, 3, 8, 4
IMAGES = np.random.default_rng(0).random((STEPS, BATCH, SIZE, SIZE, 3))
WEIGHT_DECAY = 0.1
pytestmark = pytest.mark.usefixtures("float64")


def compiled(microbatches, *, frozen=False, **options):
    """A small network of the same weights each time, all penalised."""
    head = ProjectionHead(out_dim=5, num_layers=2)
    net = RotationNet(TinyConvolution(8), head, microbatches=microbatches)
    net(tf.zeros([1, SIZE, SIZE, 3]))
    random = np.random.default_rng(1)
    net.set_weights([0.5 + 0.3 * random.standard_normal(weight.shape) for weight in net.weights])
    for norm in (module for module in net.submodules if isinstance(module, BatchNorm)):
        norm.moving_variance.assign(tf.abs(norm.moving_variance) + 0.5)
        norm.trainable = not frozen
    net.compile(
        LARS(0.5, weight_decay=0.1, eeta=0.5),
        weight_decay=WEIGHT_DECAY,
        l2_variables=net.trainable_variables,
        **options,
    )
    return net


def gradients(net, *batch):
    """What one step hands to the optimiser, by variable; no weight moves."""
    found = {}

    def note(pairs, **_):
        found.update((variable.name, gradient.numpy()) for gradient, variable in pairs)

    net.optimizer.apply_gradients = note
    net.run_eagerly = True
    net.train_on_batch(*batch)
    return found


@pytest.mark.parametrize("count", [1, 2, 4])
def test_gradients_are_those_of_one_tape_over_all_parts(count):
    """The mean of the parts' losses, each part normalised by itself, and the penalty once."""
    net = compiled(1)
    with tf.GradientTape() as tape:
        losses = []
        for part in np.split(IMAGES[0], count):
            turned = np.concatenate([np.rot90(part, turn, axes=(1, 2)) for turn in range(4)])
            logits = net(turned, training=True)["logits_rotation"]
            losses.append(softmax_cross_entropy(logits, turns_of(len(part))))
        squares = [tf.reduce_sum(variable**2) for variable in net.trainable_variables]
        loss = tf.add_n(losses) / count + WEIGHT_DECAY * tf.add_n(squares) / 2
    variables = net.trainable_variables
    naive = {v.name: g.numpy() for v, g in zip(variables, tape.gradient(loss, variables))}
    found = gradients(compiled(count), IMAGES[0])
    assert_same(found, naive)
    if count > 1:  # Else the parts' statistics could not be told from the plain step's.
        plain = gradients(compiled(1), IMAGES[0])
        assert max(np.abs(found[name] - plain[name]).max() for name in found) > 1e-3


@pytest.mark.parametrize(("count", "options"), [(2, {"jit_compile": True}), (4, {})])
def test_with_frozen_norms_training_in_parts_is_the_plain_steps(count, options):
    weights, metrics = [], []
    for net in (
        compiled(1, frozen=True, run_eagerly=True),
        compiled(count, frozen=True, **options),
    ):
        history = net.fit(tf.data.Dataset.from_tensor_slices(IMAGES), verbose=0).history
        weights.append({weight.name: weight.numpy() for weight in net.weights})
        metrics.append({name: np.array(values) for name, values in history.items()})
    assert_same(weights[1], weights[0])
    assert set(metrics[0]) == set(RotationNet.METRICS)
    # Shares of right answers are float32.
    assert_same(metrics[1], metrics[0], rtol=1e-6)


class Places(PretextNet):
    """Tells by its label which row of a batch a picture was; keeps what it was asked."""

    TASK = "place"
    METRICS = metrics_of(TASK)

    def __init__(self, **options):
        super().__init__(TinyConvolution(4), ProjectionHead("none"), **options)
        self.head = keras.layers.Dense(BATCH)
        self(tf.zeros([1, SIZE, SIZE, 3]))
        self._running.asked = []

    def call(self, images, training=False):
        outputs = super().call(images, training=training)
        return outputs | {"logits": self.head(outputs["final_avg_pool"])}

    def judged(self, images, labels, *, training):
        logits = self(images, training=training)["logits"]
        self._running.asked.append((np.array(images), np.array(labels)))
        right = tf.cast(tf.argmax(logits, -1) == tf.argmax(labels, -1), tf.float32)
        return softmax_cross_entropy(logits, labels), right


@pytest.mark.parametrize("count", [1, 2, 4])
def test_labels_of_a_batch_stay_with_their_pictures(count, monkeypatch):
    net, labels = Places(microbatches=count), np.eye(BATCH)
    monkeypatch.setattr(tf, "foldl", lambda add, places, start, **_: _folded(add, places, start))
    net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    net.train_on_batch(IMAGES[0], labels)
    assert len(net._running.asked) == count
    images, asked = (np.concatenate(each) for each in zip(*net._running.asked))
    np.testing.assert_array_equal(images, IMAGES[0])
    np.testing.assert_array_equal(asked, labels)


def _folded(add, places, sums):
    """tf.foldl in Python."""
    for place in places:
        sums = add(sums, place)
    return sums


def test_pictures_made_in_the_step_get_another_seed_in_each():
    seeds = []

    def make_views(images, seed):
        seeds.append(seed.numpy().tolist())
        return images

    net = RotationNet(TinyConvolution(4), ProjectionHead("none"), make_views=make_views, seed=7)
    net(tf.zeros([1, SIZE, SIZE, 3]))
    net.compile(keras.optimizers.SGD(0.1), run_eagerly=True)
    net.fit(tf.data.Dataset.from_tensor_slices(IMAGES), verbose=0)
    assert seeds == [[[7, 0]], [[7, 1]], [[7, 2]]]
    with pytest.raises(ValueError, match="A RotationNet with `make_views` cannot be saved as a"):
        net.get_config()


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`microbatches` must be >= 1. Received: microbatches=0."):
        compiled(0)
    with pytest.raises(ValueError, match="`microbatches` must divide the pictures of a replica's"):
        compiled(3).train_on_batch(IMAGES[0])


def trained(strategy, count, order):
    """Weights and metrics of some steps, each batch in that order, by name."""
    with strategy.scope():
        net = compiled(count)
    history = net.fit(tf.data.Dataset.from_tensor_slices(IMAGES[:, order]), verbose=0).history
    weights = {f"weight/{weight.name}": weight.numpy() for weight in net.weights}
    return weights | {f"metric/{name}": np.array(values) for name, values in history.items()}


COUNTS = (1, 2)


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
    path = tmp_path_factory.mktemp("pretext") / "replicas.npz"
    run = processes.run([__file__, path])
    assert run.returncode == 0, run.stderr[-4000:]
    return dict(np.load(path))


@pytest.mark.parametrize("count", COUNTS)
def test_replicas_train_as_one_device_whose_parts_are_theirs_side_by_side(replicas, count):
    # Part m of the whole batch: part m of replica 0, part m of replica 1.
    order = np.arange(BATCH).reshape(REPLICAS, count, -1).swapaxes(0, 1).ravel()
    one = trained(tf.distribute.get_strategy(), count, order)
    found = {name: replicas[f"{count}/{name}"] for name in one}
    assert_same(found, one, rtol=1e-6)  # Shares of right answers are float32.
    weights = [name for name in one if name.startswith("weight/")]
    assert_same({n: found[n] for n in weights}, {n: one[n] for n in weights}, rtol=1e-9)


if __name__ == "__main__":
    program(sys.argv[1])
