"""Every loss, whole and in blocks, is the same under two and four replicas as on one device.

Logical devices must exist before TensorFlow starts, so the file runs itself as a program: it
computes under MirroredStrategy, in float64, and the tests compare with one device here.
"""

import json
import sys

import numpy as np
import pytest
import tensorflow as tf
from by_replicas import found_by_replicas
from every_loss import EVERYTHING, KINDS, PLAIN, blocks_of, made

from tf_simclr.losses.contrastive import ContrastiveLoss

CASES = {2: list(dict.fromkeys([*PLAIN, *EVERYTHING])), 4: PLAIN}  # by number of replicas
IMAGES, DIM = 20, 5
# Local images: 10 in blocks of 4, or 5 in blocks of 3. Those of keys are 4 and 5: they begin in
# different places, and a block of queries is filled up.
BLOCK = 4
VIEW_A, NOISE = np.random.default_rng(0).standard_normal((2, IMAGES, DIM))
VIEW_B = VIEW_A + NOISE
# Losses that compute the gradient of their keys without communicating it.
FRUGAL = [(word, how) for word in ("nt_xent", "dcl") for how in ("dense", "blockwise")]
BY_REPLICAS = pytest.mark.parametrize(
    ("case", "count"), [("_".join(case), count) for count in CASES for case in CASES[count]]
)


def loss_of(hidden, kind, implementation):
    return made(kind, implementation)(hidden)


def program(path, count):
    """Writes the results under `count` replicas, and what they gather, to `path`."""
    with blocks_of(BLOCK):
        results, graphs = found_by_replicas(loss_of, CASES[count], (VIEW_A, VIEW_B), count)
    for case, graph in graphs.items():
        kinds = [op.type for op in graph.get_operations() if "Collective" in op.type]
        results[f"{case}/collectives"] = json.dumps(kinds)
    np.savez(path, **results)


@pytest.fixture(scope="module")
def measured(run_by_replicas):
    """Results by number of replicas."""
    return run_by_replicas(__file__, tuple(CASES))


@pytest.fixture(scope="module")
def one():
    """The whole loss on one device, by case."""
    results = {}
    for kind in KINDS:
        hidden = tf.constant(np.concatenate([VIEW_A, VIEW_B]))
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            found = loss_of(hidden, kind, "dense")
        gradient = tape.gradient(found.loss, hidden)
        named = found._asdict() | {"gradient": gradient}
        results |= {
            f"{kind}_{implementation}": {name: value.numpy() for name, value in named.items()}
            for implementation in ("dense", "blockwise")
        }
    return results


@BY_REPLICAS
def test_mean_over_replicas_is_one_devices(measured, one, case, count):
    for name in ContrastiveLoss._fields:
        found = measured[count][f"{case}/{name}"]
        assert found.shape == (count,)
        # The whole entropy is of log(p + 1e-8).
        atol = 1e-8 * IMAGES if (name, case[-4:]) == ("entropy", "wise") else 0
        np.testing.assert_allclose(found.mean(), one[case][name], rtol=1e-12, atol=atol)


@BY_REPLICAS
def test_gradient_of_the_shared_loss_is_one_devices(measured, one, case, count):
    local = IMAGES // count
    expected = one[case]["gradient"]
    for view in range(2):  # Rows of each replica: its first views, then its second ones.
        found = measured[count][f"{case}/gradient"][:, view * local : (view + 1) * local]
        rows = expected[view * IMAGES : (view + 1) * IMAGES]
        np.testing.assert_allclose(found.reshape(-1, DIM), rows, rtol=0, atol=1e-12)


@pytest.mark.parametrize("count", tuple(CASES))
@pytest.mark.parametrize("case", map("_".join, FRUGAL))
def test_rows_and_normalisers_cross_once_and_nothing_on_the_way_back(measured, case, count):
    # TensorFlow gathers the shape beside each.
    collectives = json.loads(str(measured[count][f"{case}/collectives"]))
    assert collectives == ["CollectiveGatherV2"] * 4 * count


if __name__ == "__main__":
    program(sys.argv[1], int(sys.argv[2]))
