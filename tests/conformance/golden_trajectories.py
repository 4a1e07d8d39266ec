"""Our training runs, step by step, against those recorded on the original.

They go through the public models' fit, built and compiled from the recorded flags. Two replicas
need two devices before TensorFlow starts: for them the file runs itself as a program.
"""

import functools
import sys
from pathlib import Path

import numpy as np
import processes
import pytest
import tensorflow as tf
from golden import comparison, folder, trajectories
from golden.known_differences import known_difference

from tf_simclr import replicas
from tf_simclr.config import Config

FLOAT64_RTOL = 1e-6  # golden/README.md
FLOAT32_RTOL = 1e-5  # golden/README.md, beside 10 times the noise of the step
NOISIEST = 1e-2  # golden/README.md: steps of more noise say nothing


def parametrize(kind):
    return pytest.mark.parametrize("path", folder.found(kind), ids=folder.name)


def quiet_steps(noise: dict) -> int:
    """Steps before the first in which any quantity's noise exceeds NOISIEST.

    From there on what was recorded of a single quantity is chance: losses that drift apart meet by
    the way, and would say that a step has no noise.
    """
    noisiest = np.max([values for values in noise.values() if np.ndim(values)], axis=0)
    return int(np.argmax(np.append(noisiest, np.inf) > NOISIEST))


def assert_within(ratios: dict[str, float]):
    assert {name: ratio for name, ratio in ratios.items() if not ratio <= 1} == {}


def tell_known_difference(recording: trajectories.Recording):
    """Names what was not compared, or differs on purpose: neither a failure nor a plain pass."""
    parted = comparison.agreement(recording).steps < recording.meta["steps"]
    assert recording.known_difference or not parted, "it parts from ours, and nobody knows why"
    if recording.known_difference:
        pytest.xfail(f"a known difference (DEVIATIONS.md): {recording.known_difference}")


@parametrize("trajectory_f64")
def test_float64_runs_repeat_the_originals_step_by_step(path):
    recording = trajectories.read(path)
    # In a graph once for each way of training.
    in_graph = path in (smallest("pretrain", "lars"), smallest("finetune", "lars"))
    ours = trajectories.run(recording, "float64", in_graph=in_graph)
    assert_within(comparison.worst(recording, ours, rtol=FLOAT64_RTOL, noise={}))
    tell_known_difference(recording)


@parametrize("trajectory")
def test_float32_runs_stay_within_the_originals_own_noise(path):
    recording = trajectories.read(path)
    float64 = trajectories.float64_sibling(path)
    exact = trajectories.read(float64).arrays if float64.exists() else None
    noise = comparison.recorded_noise(recording, exact)
    steps = quiet_steps(noise)
    assert steps > 0, "no step of this recording is quiet enough"
    ours = trajectories.run(recording, "float32", steps=steps)
    assert_within(comparison.worst(recording, ours, rtol=FLOAT32_RTOL, noise=noise))
    tell_known_difference(recording)


@parametrize("trajectory_tf1")
def test_runs_repeat_the_tf1_codes_within_float32_noise(path):
    # No noise is recorded for these. Ours in float64 has none, so that all of the difference is the
    # recording's; how large that may be, our own run in float32 tells.
    recording = trajectories.read(path)
    exact = trajectories.run(recording, "float64")
    noise = comparison.measured_noise(trajectories.run(recording, "float32"), exact)
    assert_within(comparison.worst(recording, exact, rtol=FLOAT32_RTOL, noise=noise))
    agree = comparison.agreement(recording)
    changed = np.zeros(len(recording.variables), bool)
    changed[recording.meta["changed_variables"]] = True
    np.testing.assert_array_equal(exact["changed"][agree.always], changed[agree.always])
    tell_known_difference(recording)


@pytest.mark.parametrize("block", range(-1, 5))
@pytest.mark.parametrize("selector", [0, 1, -1])
@pytest.mark.parametrize("tf1", [True, False])
def test_where_a_projection_layer_is_classified_differences_are_known_by_name(block, selector, tf1):
    flags = {"fine_tune_after_block": block, "ft_proj_selector": selector}
    finetuning = Config.from_flat(flags | {"train_mode": "finetune"})
    word = known_difference(finetuning, tf1=tf1)
    code = "TF1" if tf1 else "TF2"
    assert (f"the {code} code" in word) == (selector != 0 and (tf1 or block == 4))
    assert ("normalises them by the batch" in word) == (selector != 0 and tf1 and block == 4)
    assert known_difference(Config.from_flat(flags), tf1=tf1) == ""


@functools.cache
def smallest(train_mode: str, optimizer: str) -> Path:
    """The float64 recording of that kind which has the fewest variables."""
    recordings = [(path, trajectories.read(path)) for path in folder.found("trajectory_f64")]
    fitting = {
        path: len(recording.variables)
        for path, recording in recordings
        if recording.config.run.train_mode == train_mode
        and recording.config.optimization.optimizer == optimizer
    }
    return min(fitting, key=fitting.__getitem__)


def program(path: str, results: str) -> None:
    """Writes the run of the recording at `path` over two replicas, half of each batch on either."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    strategy = replicas.make_strategy(use_tpu=False)
    ours = trajectories.run(
        trajectories.read(Path(path)), "float64", strategy=strategy, in_graph=True
    )
    np.savez(results, count=strategy.num_replicas_in_sync, **ours)


def test_two_replicas_repeat_the_run_of_one(tmp_path):
    path, results = smallest("pretrain", "lars"), tmp_path / "two.npz"
    done = processes.run([__file__, path, results])
    assert done.returncode == 0, done.stderr[-4000:]
    ours = dict(np.load(results))
    assert ours["count"] == 2
    recorded = trajectories.read(path).arrays
    # Not what exists once for each replica: its gradients and outputs.
    names = [n for n in recorded if n != "step_grad_norm" and not n.startswith("step1_")]
    assert {"step_total_loss", "step_variable_norm", "final_momentum_norm"} < set(names)
    for name in names:
        error = np.abs(ours[name] - recorded[name])
        ratio = error / comparison.tolerance(name, recorded[name], FLOAT64_RTOL, 0.0)
        assert np.nanmax(ratio) <= 1, name


if __name__ == "__main__":
    program(*sys.argv[1:])
