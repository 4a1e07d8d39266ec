"""Every loss with a memory is the same under two and four replicas as on one device.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it
computes under MirroredStrategy, in float64, and the tests compare with one device here.
"""

import sys

import numpy as np
import pytest
import tensorflow as tf
from by_replicas import found_by_replicas
from every_loss import PLAIN, blocks_of, made

from tf_simclr.losses.memory import Memory

# By number of replicas. The losses that add the gradient of their keys themselves have it on four.
CASES = {2: PLAIN, 4: [case for case in PLAIN if case[0] in ("nt_xent", "dcl")]}
IMAGES, DIM, PLACES, FILLED = 12, 5, 19, 13
BLOCK = 4  # Local images: 6 or 3, in blocks of 3. Tiles of the memory have 10 places.
VIEW_A, NOISE = np.random.default_rng(0).standard_normal((2, IMAGES, DIM))
VIEW_B = VIEW_A + NOISE
ROWS = np.random.default_rng(1).standard_normal((PLACES, DIM))


def loss_of(hidden, kind, implementation):
    memory = Memory(tf.math.l2_normalize(ROWS, axis=-1), tf.constant(FILLED))
    return made(kind, implementation)(hidden, memory)


def program(path, count):
    """Writes the results under `count` replicas to `path`."""
    with blocks_of(BLOCK):
        results, _ = found_by_replicas(loss_of, CASES[count], (VIEW_A, VIEW_B), count)
    np.savez(path, **results)


@pytest.fixture(scope="module")
def measured(run_by_replicas):
    """Results by number of replicas."""
    return run_by_replicas(__file__, tuple(CASES))


@pytest.mark.parametrize(
    ("case", "count"), [(case, count) for count in CASES for case in CASES[count]]
)
def test_loss_and_gradient_are_one_devices(measured, case, count):
    hidden = tf.constant(np.concatenate([VIEW_A, VIEW_B]))
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        expected = loss_of(hidden, case[0], "dense")
    gradient = tape.gradient(expected.loss, hidden)

    found = {name: measured[count][f"{'_'.join(case)}/{name}"] for name in ("loss", "gradient")}
    assert found["loss"].shape == (count,)
    np.testing.assert_allclose(found["loss"].mean(), expected.loss, rtol=1e-12)
    local = IMAGES // count
    for view in range(2):  # Rows of each replica: its first views, then its second ones.
        rows = found["gradient"][:, view * local : (view + 1) * local].reshape(-1, DIM)
        of_view = gradient[view * IMAGES : (view + 1) * IMAGES]
        np.testing.assert_allclose(rows, of_view, rtol=0, atol=1e-12)


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
