"""Two worker processes train one run by the command line, into one folder."""

import os
import shutil

import processes
import pytest
from cluster import tf_configs

from tf_simclr.main import main

WRITTEN = {"checkpoint", "flags.json", "dataset.json", "train", "hub", "saved_model", ".lock"}
WRITTEN |= {f"ckpt-{n}.{end}" for n in (1, 2, 3) for end in ("index", "data-00000-of-00001")}
WRITTEN |= {"eval", "result.json", "result_3.json", "report.html", "confusion_matrix.csv"}


def train(folder, *flags):
    """What each of two workers says."""
    command = ["-m", "tf_simclr.main", *flags, f"--model_dir={folder}"]
    workers = [
        processes.start(command, env=os.environ | {"TF_CONFIG": config}) for config in tf_configs(2)
    ]
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
    assert "Trains steps 1 to 3" in other
    assert "Exported" not in other and "Linear probe" not in other


def test_two_workers_and_then_one_go_on(run, tiny_flags, tmp_path, capsys):
    folder = shutil.copytree(run[0], tmp_path / "run")
    for said in train(folder, *tiny_flags, "--train_steps=4"):
        assert "Trains steps 4 to 4" in said
    assert main(["tf-simclr", *tiny_flags, "--train_steps=5", f"--model_dir={folder}"]) == 0
    assert "Trains steps 5 to 5" in capsys.readouterr().out
