"""What a command lacks is said before TensorFlow is imported."""

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
    ids=["nothing", "no run", "csv", "no output", "data", "web", "cloud"],
)
def test_it_is_one_line_at_once(monkeypatch, capsys, flags, line):
    monkeypatch.setattr(network, "reachable", lambda address: False)
    assert main(["tf-simclr", *flags]) == (75 if "gs://" in line else 2)
    captured = capsys.readouterr()
    assert captured.err.startswith(f"tf-simclr: {line}")
    assert len(captured.err.splitlines()) == 1


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
