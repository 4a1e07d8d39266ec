"""--mode=eval beside a run that trains on: each new checkpoint, to the last one."""

import json
import os
import signal
import time

import processes


def start(*flags):
    return processes.start(["-m", "tf_simclr.main", *flags])


def steps_evaluated(folder):
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return {int(n[7:-5]) for n in names if n.startswith("result_") and n.endswith(".json")}


def wait_until(reached, *programs):
    deadline = time.monotonic() + processes.TIMEOUT
    while not reached():
        for program in programs:
            assert program.poll() is None, program.read("err")
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_live_run_is_evaluated_again_and_again_until_it_ends(tiny_flags, tmp_path):
    folder = str(tmp_path / "live")
    flags = [*tiny_flags, f"--model_dir={folder}", "--train_steps=1000000", "--learning_rate=0.001"]
    often = ["--checkpoint_steps=200", "--train_summary_steps=0", "--keep_checkpoint_max=0"]
    training = start(*flags, *often)
    wait_until(lambda: os.path.exists(os.path.join(folder, "flags.json")), training)
    # Started before there is a checkpoint: it waits for the first one.
    evaluation = start(*flags, "--mode=eval")
    try:
        wait_until(lambda: len(steps_evaluated(folder)) >= 2, training, evaluation)
        training.send_signal(signal.SIGTERM)
        assert training.wait() == 128 + signal.SIGTERM
        _, errors = evaluation.communicate()
    finally:
        training.kill()
        evaluation.kill()
    assert evaluation.returncode == 0, errors
    last = max(int(n[5:-6]) for n in os.listdir(folder) if n.endswith(".index"))
    assert max(steps_evaluated(folder)) == last
    with open(os.path.join(folder, "result.json")) as file:
        assert json.load(file)["global_step"] == last
