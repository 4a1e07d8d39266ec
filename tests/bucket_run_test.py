"""Runs whose data and folder are on gs://: from training to export, and what stops them in a line.

TensorFlow's own file system talks to a storage on this machine: what opens files by Python fails.
"""

import contextlib
import os
import pathlib

import pytest
import tensorflow as tf

from tf_simclr import load_encoder
from tf_simclr.data import kept_findings
from tf_simclr.main import main

RUN = "gs://bucket/run"
READING = "GET storage.googleapis.com/"


@pytest.fixture(scope="module")
def pictures(buckets, picture_folder):
    """A folder of pictures in a bucket."""
    for path in pathlib.Path(picture_folder).rglob("*.png"):
        name = path.relative_to(picture_folder)
        tf.io.gfile.copy(str(path), f"gs://data/pictures/{name}")
    return "gs://data/pictures"


@pytest.fixture
def flags(storage, tiny_flags, pictures):
    """Flags of a tiny run on pictures in a bucket that no run has read yet."""
    with contextlib.suppress(tf.errors.NotFoundError):
        tf.io.gfile.remove(f"{pictures}/{kept_findings.NAME}")
    return [*tiny_flags, f"--data_dir={pictures}"]


@pytest.fixture
def stops(capfd):
    """Runs a command that must stop with an exit code; returns the one line that it prints."""

    def stops(*command, code=2):
        assert main(["tf-simclr", *command]) == code
        [line] = capfd.readouterr().err.splitlines()
        return line.removeprefix("tf-simclr: ")

    return stops


def done(*command):
    assert main(["tf-simclr", *command]) == 0


def test_a_run_in_a_bucket_trains_goes_on_and_is_judged_exported_and_embedded(
    flags, storage, capsys, without_exports
):
    with without_exports():
        done(*flags, f"--model_dir={RUN}", "--train_steps=2")
    done(*flags, f"--model_dir={RUN}", "--mode=train_then_eval", "--keep_checkpoint_max=1")
    out = capsys.readouterr().out
    assert "Training steps 3 to 3:" in out and f"{'report':20} {RUN}/report.html" in out
    done("--mode=export", f"--model_dir={RUN}", "--output=gs://bucket/out")
    done("--mode=embed", f"--checkpoint={RUN}", "--output=gs://bucket/f.npz", "--embed_split=test")
    names = storage.names()
    expected = ["run/ckpt-3.index", "run/result.json", "run/report.html", "f.npz"]
    expected += [f"{folder}/saved_model.pb" for folder in ("run/hub/3", "out")]
    assert {f"bucket/{name}" for name in expected} <= set(names)
    assert not [name for name in names if "ckpt-2" in name or ".tmp" in name or ".old" in name]
    assert not [name for name in names if "/.lock/" in name and not name.endswith("/")]
    assert not os.path.exists("gs:") and load_encoder(RUN).trained_size == 16


def test_pictures_that_may_not_be_read_are_a_line(flags, storage, stops, tmp_path):
    storage.refuse("GET .*/data", 403)
    line = stops(*flags, f"--model_dir={tmp_path}")
    assert line.startswith("A file cannot be used: gs://data/pictures; HTTP response 403: this acc")
    assert line.endswith(f"--data_dir=gs://data/pictures --model_dir={tmp_path}")


def test_data_of_tfds_that_may_not_be_read_are_a_line(storage, stops, tmp_path):
    storage.refuse("GET .*/data", 403)
    line = stops("--dataset=emoji32", "--data_dir=gs://data/tfds", f"--model_dir={tmp_path}")
    assert "gs://data/tfds" in line and "HTTP response 403" in line


def test_a_storage_that_goes_away_in_the_middle_of_training_is_a_line(
    flags, storage, stops, tmp_path
):
    # Each picture is read once to look at it, and those of four of the steps are trained on.
    storage.refuse(f"{READING}data/.*png", 503, after=24 + 16)
    line = stops(
        *flags, f"--model_dir={tmp_path}", "--train_steps=90", "--checkpoint_steps=1", code=75
    )
    assert line.startswith("A file cannot be used: gs://data/pictures/train/")
    assert ".png; HTTP response 503: the storage is unavailable for now. What" in line
    assert "What was saved before is kept." in line


def test_a_run_that_may_not_be_read_is_a_line_and_no_new_run(flags, storage, stops):
    storage.refuse("GET .*/other", 403)
    line = stops(*flags, "--model_dir=gs://other/run")
    assert line.startswith("`model_dir` must be a folder that can be written (gs://other/run; HTTP")
    assert not [name for name in storage.names() if name.startswith("other/")]


def test_a_storage_that_is_away_when_a_run_starts_may_come_back(flags, storage, stops):
    """What is raised then is said of a flag, and the storage is its cause."""
    storage.refuse("(PUT|POST) .*/bucket", 503)
    line = stops(*flags, "--model_dir=gs://bucket/away", code=75)
    assert line.startswith("`model_dir` must be a folder that can be written (gs://bucket/away")


def test_a_bucket_that_does_not_exist_is_a_line_at_once(flags, storage, stops):
    storage.refuse("(GET|POST) .*/b/typo", 404)
    line = stops(*flags, "--model_dir=gs://typo/run")
    assert line.startswith("`model_dir` must be in a bucket that exists. Received: model_dir='gs")
