"""In float16 two replicas scale the loss alike, and skip a step together.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it trains
a small network by a number of replicas, and the tests look at what each of them holds.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras
from tiny_encoders import TinyEncoder

from tf_simclr import replicas
from tf_simclr.losses.nt_xent import NTXent
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

COUNTS = (1, 2)
BATCH, SIZE, SCALE = 8, 4, 64.0
VIEWS = np.random.default_rng(0).random((2 * BATCH, SIZE, SIZE, 6), np.float32)


class Overflowing(SimCLR):
    """The gradient of the last replica's loss is infinite in float16."""

    def upstream(self, loss):
        last = replicas.index() == replicas.count() - 1
        return super().upstream(loss) * tf.where(last, 1e30, 1.0)


def train(model, strategy):
    """What two steps leave: each replica's weights, those of before, the scale, and the losses."""
    keras.utils.set_random_seed(1)
    with strategy.scope():
        loss = NTXent(temperature=0.5)
        net = model(TinyEncoder(), ProjectionHead(out_dim=5, num_layers=2), loss=loss)
        net(tf.zeros([1, SIZE, SIZE, 3]))
        net.compile(keras.mixed_precision.LossScaleOptimizer(LARS(0.1), initial_scale=SCALE))
    before = [variable.numpy() for variable in net.trainable_variables]

    def batches(context):
        local = context.get_per_replica_batch_size(BATCH)
        return tf.data.Dataset.from_tensor_slices(VIEWS).batch(local)

    data = strategy.distribute_datasets_from_function(batches)
    history = net.fit(data, epochs=2, steps_per_epoch=1, verbose=0).history
    copies = [strategy.experimental_local_results(v) for v in net.trainable_variables]
    return {
        "before": _in_one(before),
        "weights": np.stack([_in_one(copy) for copy in zip(*copies)]),
        "scale": np.array(float(net.optimizer.loss_scale)),
        "losses": np.array(history["contrast_loss"]),
    }


def _in_one(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


def program(path, count):
    """Writes the results by `count` replicas to `path`."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    keras.mixed_precision.set_global_policy("mixed_float16")
    strategy = replicas.make_strategy(use_tpu=False)
    runs = {"plain": train(SimCLR, strategy), "overflowing": train(Overflowing, strategy)}
    np.savez(path, **{f"{run}/{k}": v for run, found in runs.items() for k, v in found.items()})


@pytest.fixture(scope="module")
def measured(run_by_replicas):
    """Results by number of replicas."""
    return run_by_replicas(__file__, COUNTS)


def test_two_replicas_train_as_one_device_but_for_rounding(measured):
    one, two = (measured[count] for count in COUNTS)
    assert [len(measured[count]["plain/weights"]) for count in COUNTS] == list(COUNTS)
    np.testing.assert_array_equal(*two["plain/weights"])
    np.testing.assert_allclose(two["plain/losses"], one["plain/losses"], rtol=2**-10)
    moved = np.linalg.norm(one["plain/weights"] - one["plain/before"])
    apart = np.linalg.norm(two["plain/weights"][0] - one["plain/weights"][0])
    assert moved > 0 and apart < 0.02 * moved
    assert two["plain/scale"] == SCALE


def test_where_one_replica_overflows_none_moves_and_the_scale_falls(measured):
    for found in measured.values():
        for weights in found["overflowing/weights"]:
            np.testing.assert_array_equal(weights, found["overflowing/before"])
        assert found["overflowing/scale"] == SCALE / 4  # Halved by each of two steps.
        assert np.isfinite(found["overflowing/losses"]).all()


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
