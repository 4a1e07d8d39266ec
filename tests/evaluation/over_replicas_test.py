"""Rows come back as from one device, however many replicas there are and rows in a batch.

Devices are set up before TensorFlow starts, so the file runs itself as a program.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.evaluation.over_replicas import over_replicas

COUNTS = (2, 3)
ROWS = (5, 5, 2, 1, 7)  # of batches, one after the other
RANDOM = np.random.default_rng(0)
BATCHES = [RANDOM.standard_normal((rows, 4)).astype(np.float32) for rows in ROWS]
WEIGHTS = RANDOM.standard_normal((4, 3)).astype(np.float32)


def answers(strategy) -> dict[str, np.ndarray]:
    """What is made of each batch, by its number, and the rows that were traced."""
    traced = []
    with strategy.scope():
        weights = tf.Variable(WEIGHTS)

    def function(rows, numbers):
        traced.append(rows.shape[0] or -1)
        return {"products": rows @ weights, "numbers": 2 * numbers}

    spread, found = over_replicas(function, strategy), {}
    for number, batch in enumerate(BATCHES):
        answer = spread(tf.constant(batch), tf.range(len(batch), dtype=tf.int64))
        found |= {f"{name} {number}": rows for name, rows in answer.items()}
    return found | {"traced": np.array(traced)}


def program(path: str, count: int) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    devices = [tf.config.LogicalDeviceConfiguration()] * count
    tf.config.set_logical_device_configuration(cpu, devices)
    names = [device.name for device in tf.config.list_logical_devices("CPU")]
    np.savez(path, **answers(tf.distribute.MirroredStrategy(names)))


@pytest.fixture(scope="module")
def found(run_by_replicas):
    return run_by_replicas(__file__, COUNTS) | {1: answers(tf.distribute.get_strategy())}


@pytest.mark.parametrize("count", (1, *COUNTS))
@pytest.mark.parametrize("number", range(len(BATCHES)))
def test_each_row_has_its_answer_in_its_place(found, count, number):
    batch = BATCHES[number]
    products = found[count][f"products {number}"]
    np.testing.assert_allclose(products, batch @ WEIGHTS, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(found[count][f"numbers {number}"], 2 * np.arange(len(batch)))
    assert found[count][f"numbers {number}"].dtype == np.int64


@pytest.mark.parametrize(("count", "rows"), [(2, {3, 4}), (3, {2, 3})])
def test_shapes_are_static_and_a_short_batch_has_the_shape_of_the_others(found, count, rows):
    # Each replica traces; only the batch of seven is larger than those before.
    assert set(found[count]["traced"].tolist()) == rows
    assert len(found[count]["traced"]) == 2 * count


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
