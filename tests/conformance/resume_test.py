"""A run killed at any moment and started again ends with the weights of an unbroken one."""

import os
import random
import time

import numpy as np
import processes
import pytest
import tensorflow as tf

STEPS = 60
KILLS_IN_TRAINING = 2


@pytest.fixture(scope="module")
def flags(emoji_dir):
    return [
        "--dataset=emoji32",
        f"--data_dir={emoji_dir}",
        "--image_size=16",
        "--use_blur=True",
        "--resnet_depth=10",
        "--width_multiplier=0.0625",
        "--num_proj_layers=2",
        "--proj_out_dim=16",
        "--train_batch_size=32",
        f"--train_steps={STEPS}",
        "--warmup_epochs=0.1",
        "--learning_rate=1.0",
        "--checkpoint_steps=3",
        "--train_summary_steps=5",
        "--seed=7",
    ]


def start(flags, folder):
    return processes.start(["-m", "tf_simclr.main", *flags, f"--model_dir={folder}"])


def finish(process):
    _, errors = process.communicate()
    assert process.returncode == 0, errors


def kill(process):
    """SIGKILL; whether the process was still running."""
    process.kill()
    process.communicate()
    return process.returncode == -9


def newest(folder):
    state = tf.train.get_checkpoint_state(str(folder))
    return state.model_checkpoint_path if state else None


def wait_for_another_checkpoint(process, folder):
    before, deadline = newest(folder), time.monotonic() + processes.TIMEOUT
    while newest(folder) == before:
        assert process.poll() is None, process.read("err")
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tensors(folder):
    reader = tf.train.load_checkpoint(os.path.join(folder, f"ckpt-{STEPS}"))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}


def test_a_run_killed_at_random_moments_ends_with_identical_weights(flags, tmp_path):
    unbroken, broken = tmp_path / "unbroken", tmp_path / "broken"
    finish(start(flags, unbroken))
    moments = random.Random(20240613)

    process = start(flags, broken)  # Killed while it starts.
    time.sleep(moments.uniform(0.0, 1.0))
    assert kill(process)
    kills = 0
    while kills < KILLS_IN_TRAINING:  # Killed in a step, or while it saves.
        process = start(flags, broken)
        wait_for_another_checkpoint(process, broken)
        time.sleep(moments.uniform(0.0, 0.5))
        kills += kill(process)
        assert not newest(broken).endswith(f"-{STEPS}"), "The run ended before it was killed."
    process = start(flags, broken)  # Killed while it exports.
    while not newest(broken).endswith(f"-{STEPS}"):
        wait_for_another_checkpoint(process, broken)
    time.sleep(moments.uniform(0.1, 1.0))
    assert kill(process)
    finish(start(flags, broken))

    expected, found = tensors(unbroken), tensors(broken)
    assert expected.keys() == found.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(value, found[name], err_msg=name)
    for folder in ("saved_model", "hub"):
        assert os.listdir(broken / folder) == [str(STEPS)]
        assert (broken / folder / str(STEPS) / "saved_model.pb").exists()
