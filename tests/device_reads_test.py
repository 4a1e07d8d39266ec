"""A training reads from its devices once an execution: each read waits for what they have to do.

Devices are set up before TensorFlow starts, so device_reads.py is a program of its own.
"""

import json
import os

import processes
import pytest

from tf_simclr.nets.simclr import SimCLR

STEPS = 20
FLAGS = {
    "dataset": "emoji32",
    "image_size": 8,
    "use_blur": False,
    "resnet_depth": 10,
    "width_multiplier": 1 / 16,
    "proj_out_dim": 8,
    "train_batch_size": 8,
    "train_steps": STEPS,
    "warmup_epochs": 0.0,
}
# Name -> (flags, steps of an execution, savings).
CASES = {
    "one step": ({"train_summary_steps": 0, "checkpoint_steps": STEPS}, 1, 1),
    "five steps": ({"train_summary_steps": 0, "checkpoint_steps": STEPS}, 5, 1),
    "scalars at each step": ({"train_summary_steps": 1, "checkpoint_steps": STEPS}, 1, 1),
    "scalars and checkpoints": ({"train_summary_steps": 5, "checkpoint_steps": 10}, 5, 2),
}


@pytest.fixture(scope="module")
def counts(emoji_dir, tmp_path_factory):
    """Name of a case -> how many executions, and reads while "training" and "saving"."""
    folder = tmp_path_factory.mktemp("reads")
    cases = {
        name: FLAGS
        | flags
        | {"steps_per_execution": steps, "data_dir": emoji_dir, "model_dir": str(folder / name)}
        for name, (flags, steps, _) in CASES.items()
    }
    (folder / "flags.json").write_text(json.dumps(cases))
    program = os.path.join(os.path.dirname(__file__), "device_reads.py")
    done = processes.run([program, folder / "flags.json", folder / "counts.json"])
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "counts.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_an_execution_is_one_read_of_the_devices(counts, case):
    executions = STEPS // CASES[case][1]
    assert counts[case]["executions"] == executions
    # At the end of an epoch, the only one here, Keras reads the means one by one.
    assert counts[case]["training"] == executions + len(SimCLR.METRICS)


@pytest.mark.parametrize("case", CASES)
def test_a_saving_reads_one_number_before_it_writes(counts, case):
    assert counts[case]["saving"] == CASES[case][2]
