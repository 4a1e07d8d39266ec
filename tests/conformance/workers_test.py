"""Two worker processes train one run by the command line, into one folder."""

import os
import shutil
import time

import processes
import pytest
from cluster import tf_configs

from tf_simclr.main import main

WRITTEN = {"checkpoint", "flags.json", "dataset.json", "train", "hub", "saved_model", ".lock"}
WRITTEN |= {f"ckpt-{n}.{end}" for n in (1, 2, 3) for end in ("index", "data-00000-of-00001")}
WRITTEN |= {"eval", "result.json", "result_3.json", "report.html", "confusion_matrix.csv"}
WRITTEN |= {"machine.json", "page.npz", "scalars.csv"}


def started(folder, config, *flags):
    """A worker of its own process."""
    command = ["-m", "tf_simclr.main", *flags, f"--model_dir={folder}"]
    return processes.start(command, env=os.environ | {"TF_CONFIG": config})


def train(folder, *flags):
    """What each of two workers says."""
    workers = [started(folder, config, *flags) for config in tf_configs(2)]
    try:
        said = [worker.communicate() for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0], said
    return [out for out, _ in said]


@pytest.fixture(scope="module")
def run(tiny_flags, tmp_path_factory):
    """The folder of a run of two workers, and what they said."""
    folder = str(tmp_path_factory.mktemp("workers") / "run")
    return folder, train(folder, *tiny_flags, "--mode=train_then_eval", "--checkpoint_steps=1")


def test_the_first_worker_alone_writes_and_evaluates(run):
    folder, (chief, other) = run
    assert set(os.listdir(folder)) == WRITTEN
    assert "Exported" in chief and "Linear probe" in chief
    assert "Training steps 1 to 3" in other
    assert "Exported" not in other and "Linear probe" not in other


def test_two_workers_and_then_one_go_on(run, tiny_flags, tmp_path, capsys):
    folder = shutil.copytree(run[0], tmp_path / "run")
    for said in train(folder, *tiny_flags, "--train_steps=4"):
        assert "Training steps 4 to 4" in said
    assert main(["tf-simclr", *tiny_flags, "--train_steps=5", f"--model_dir={folder}"]) == 0
    assert "Training steps 5 to 5" in capsys.readouterr().out


def test_the_first_worker_chooses_and_the_other_reads(tiny_flags, tmp_path):
    """What was chosen is timed by one of them, and is the same in both."""
    kept = ("--dataset", "--choose", "--train_steps", "--train_batch_size", "--eval_split")
    flags = [flag for flag in tiny_flags if not flag.startswith(kept)]
    chief, other = train(tmp_path / "run", *flags, "--train_minutes=0.001", "--mode=train")
    assert (
        "Timing ResNet-10 x 0.0625 at 16 pixels" in chief
        and "  train_batch_size 16: 16 pictures, 2 rep" in chief
    )
    assert "Timing " not in other and "train_batch_size" not in other
    steps = [line for line in chief.splitlines() if line.startswith("Training steps 1 to")]
    assert steps and steps[0] in other


def wait_for(worker, text, name="out"):
    while text not in worker.read(name):
        assert worker.poll() is None, worker.read("err")
        time.sleep(0.05)


def test_a_worker_that_waits_for_another_says_so(tiny_flags, tmp_path):
    worker = started(tmp_path / "run", tf_configs(2)[0], *tiny_flags)
    try:
        wait_for(worker, "Waiting until all 2 workers of TF_CONFIG have started. Until then only")
    finally:
        worker.kill()


@pytest.mark.parametrize("dies", ["the first", "another"])
def test_the_death_of_a_worker_ends_the_other_in_a_line(tiny_flags, tmp_path, dies):
    flags = [*tiny_flags, "--train_steps=100000", "--checkpoint_steps=2"]
    chief, other = (started(tmp_path / "run", config, *flags) for config in tf_configs(2))
    try:
        wait_for(chief, "Training steps 1 to")
        while not (tmp_path / "run" / "ckpt-2.index").exists():
            assert chief.poll() is None, chief.read("err")
            time.sleep(0.05)
        dead, alive = (chief, other) if dies == "the first" else (other, chief)
        dead.kill()
        errors = alive.communicate()[1]
    finally:
        chief.kill()
        other.kill()
    assert errors.startswith("tf-simclr: Another worker has ended: start all again. To go on, give")
    assert (errors.count("\n"), alive.returncode) == (1, 75)
