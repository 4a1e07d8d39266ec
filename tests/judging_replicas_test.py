"""Evaluation and features on two replicas are those of one device, by the command line.

Devices are set up before TensorFlow starts, so the file runs itself as a program.
"""

import json
import os
import shutil
import sys

import numpy as np
import processes
import pytest
import tensorflow as tf

from tf_simclr.evaluation import over_replicas as module
from tf_simclr.main import main

ALL = "--judge_endpoints=all"
BATCH = "--eval_batch_size=5"  # of 16 pictures and of 8: neither ends with a whole one


def judged(run: str, folder: str) -> None:
    """Evaluates a copy of the run and writes its features, to `folder`."""
    copy = shutil.copytree(run, os.path.join(folder, "run"))
    assert main(["tf-simclr", "--mode=eval", f"--model_dir={copy}", BATCH, ALL]) == 0
    output = f"--output={os.path.join(folder, 'features.npz')}"
    assert main(["tf-simclr", "--mode=embed", f"--checkpoint={run}", BATCH, output]) == 0


def program(run: str, folder: str) -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    counts, spread = [], module.over_replicas

    def noted(function, strategy):
        counts.append(strategy.num_replicas_in_sync)
        return spread(function, strategy)

    from tf_simclr.judging import classify, endpoints, judge

    classify.over_replicas = judge.over_replicas = endpoints.over_replicas = noted
    judged(run, folder)
    print("replicas", *counts)


@pytest.fixture(scope="module")
def folders(trained_run, tmp_path_factory):
    """Of one device, and of two replicas."""
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    started = processes.start([__file__, trained_run, two])
    judged(trained_run, str(one))
    out, errors = started.communicate()
    assert started.returncode == 0, errors[-4000:]
    # The run's encoder, an untrained one, the layers of both, the classifier; and the encoder that
    # features are of.
    assert out.endswith("replicas 2 2 2 2 2 2\n")
    return one, two


def test_features_are_the_same_row_by_row(folders):
    one, two = (np.load(folder / "features.npz") for folder in folders)
    assert set(one) == set(two)
    np.testing.assert_allclose(two["features"], one["features"], rtol=0, atol=1e-6)
    assert one["features"].std(axis=0).max() > 1e-3  # Rows differ by more.
    for name in set(one) - {"features"}:
        np.testing.assert_array_equal(two[name], one[name])


def test_results_are_the_same(folders):
    one, two = (json.loads((folder / "run" / "result.json").read_text()) for folder in folders)
    assert "eval/label_top_1_accuracy" in one and "linear_probe_top1" in one
    assert "random_init/probe/block_group2_2x2" in one and "probe/projection3" in one
    assert set(two) == set(one)
    for name, value in one.items():
        assert two[name] == (pytest.approx(value, rel=1e-5) if type(value) is float else value)


if __name__ == "__main__":
    program(*sys.argv[1:])
