"""What a command lacks is said before TensorFlow is imported."""

import os

import pytest

from tf_simclr import early_checks, network, quiet
from tf_simclr.config import Config
from tf_simclr.main import main


@pytest.fixture(autouse=True)
def without_tensorflow(monkeypatch):
    def fail():
        raise AssertionError("TensorFlow was imported.")

    monkeypatch.setattr(quiet, "import_tensorflow", fail)


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (
            ["--seed=1"],
            "`model_dir` must name the folder of the run. Received: model_dir=None. Give"
            " --model_dir=DIR, or --help for all flags.",
        ),
        (["--mode=embed", "--output=x.npz"], "`model_dir` must name the folder of the run."),
        (
            ["--mode=embed", "--output=x.csv", "--checkpoint=run"],
            "`output` must name a file that ends in .npz. Received: output='x.csv'. Give"
            " --output=features.npz.",
        ),
        (["--mode=embed"], "`output` must name a file that ends in .npz. Received: output=None."),
        (
            ["--model_dir=m", "--dataset=image_folder", "--data_dir=/no/such"],
            "`data_dir` must be a folder that exists. Received: data_dir='/no/such'.",
        ),
        (
            ["--model_dir=m", "--data_dir="],
            "`data_dir` must name a folder. Received: data_dir=''. Give --data_dir=DIR, or leave it"
            " out.",
        ),
        (
            ["--model_dir=/dev/null/m/n", "--dataset=emoji32"],
            "`model_dir` must be a folder that can be written (/dev/null is not a directory)."
            " Received: model_dir='/dev/null/m/n'. Give another --model_dir.",
        ),
        (
            ["--model_dir=m", "--checkpoint=https://a/b"],
            "`checkpoint` must be a path, not a URL. Received: checkpoint='https://a/b'."
            " Download it first.",
        ),
        (
            ["--model_dir=gs://bucket/run"],
            "`model_dir` must be a local path while Google Cloud Storage cannot be reached."
            " Received: model_dir='gs://bucket/run'. Go online, or copy it to this machine.",
        ),
    ],
    ids=["nothing", "no run", "csv", "no output", "data", "empty", "place", "web", "cloud"],
)
def test_it_is_one_line_at_once(monkeypatch, capsys, flags, line):
    monkeypatch.setattr(network, "reachable", lambda address: False)
    assert main(["tf-simclr", *flags]) == (75 if "gs://" in line else 2)
    captured = capsys.readouterr()
    assert captured.err.startswith(f"tf-simclr: {line}")
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("mode", ["train", "train_then_eval", "eval", "report"])
def test_a_folder_without_rights_is_said_before_data_is_read(monkeypatch, tmp_path, mode):
    """Stands for a folder that is read-only, which none is to root."""
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path))
    trains = mode.startswith("train")
    for place in (tmp_path, tmp_path / "not" / "there")[: 1 + trains]:
        with pytest.raises(ValueError, match="that can be written .*; no right to write"):
            early_checks.check(Config.from_flat({"model_dir": str(place), "mode": mode}))
    (tmp_path / "there").mkdir()
    early_checks.check(Config.from_flat({"model_dir": str(tmp_path / "there"), "mode": mode}))


def test_what_an_export_or_embedding_reads_need_not_be_writable(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", None)
    for mode, output in (("export", "x"), ("embed", "x.npz")):
        flags = {"model_dir": str(tmp_path), "mode": mode, "output": output}
        early_checks.check(Config.from_flat(flags))


def test_a_run_is_not_written_between_the_pictures(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    for place in (tmp_path, tmp_path / "link", tmp_path / "link" / "."):
        flags = {"data_dir": str(tmp_path), "model_dir": str(place)}
        with pytest.raises(ValueError, match="`model_dir` must not be the folder of pictures"):
            early_checks.check(Config.from_flat(flags))
    early_checks.check(Config.from_flat(flags | {"model_dir": str(tmp_path / "runs/mine")}))


@pytest.mark.parametrize(
    "values",
    [
        {"model_dir": "m"},
        {"model_dir": "gs://bucket/run", "data_dir": "gs://b/c", "dataset": "image_folder"},
        {"mode": "embed", "checkpoint": "run", "output": "x.npz"},
        {"mode": "export", "checkpoint": "run", "output": "x"},
    ],
)
def test_what_may_be_there_is_not_refused(monkeypatch, values):
    monkeypatch.setattr(network, "reachable", lambda address: True)
    early_checks.check(Config.from_flat(values))


def test_the_network_is_asked_only_for_what_lies_there(monkeypatch):
    monkeypatch.setattr(network, "reachable", None)
    early_checks.check(Config.from_flat({"model_dir": "m", "data_dir": "/gs://a"}))
