"""A run judged on, gone on with, or taught from data of other classes, without labels, or in part.

Classes are flat colours, which a classifier of three steps need not know: it is asked what it is
judged on, not how well.
"""

import csv
import json
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tf_simclr.main import main

KNOWN, LATER = ("cat", "dog", "emu"), ("dog", "emu", "fox")
SHADES = {"cat": 20, "dog": 90, "emu": 160, "fox": 230}
TOP_1 = "eval/label_top_1_accuracy"


def draw(folder, names, count):
    for name in names:
        (folder / name).mkdir(parents=True)
        for index in range(count):
            pixels = np.full((18, 18, 3), SHADES[name] + index, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{name}{index}.png")


def result(folder, name="result.json"):
    return json.loads((folder / name).read_text())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    draw(folder / "own" / "train", KNOWN, 4), draw(folder / "own" / "test", KNOWN, 2)
    draw(folder / "later" / "test", LATER, 3)
    draw(folder / "grow" / "train", LATER, 4), draw(folder / "grow" / "test", LATER, 2)
    draw(folder / "flat" / "train", KNOWN, 4)
    (folder / "flat" / "test").mkdir()
    for path in (folder / "own" / "test").rglob("*.png"):
        shutil.copy(path, folder / "flat" / "test")
    return folder


@pytest.fixture(scope="module")
def flags():
    return [
        "--dataset=image_folder",
        "--eval_split=test",
        "--image_size=16",
        "--resnet_depth=10",
        "--width_multiplier=0.0625",
        "--train_batch_size=4",
        "--train_steps=1",
        "--warmup_epochs=0",
        "--train_summary_steps=0",
    ]


@pytest.fixture(scope="module")
def supervised(pictures, flags, tmp_path_factory, without_exports):
    folder = tmp_path_factory.mktemp("supervised")
    to = [f"--data_dir={pictures}/own", f"--model_dir={folder}", "--mode=train_then_eval"]
    with without_exports():
        assert main(["tf-simclr", "--train_mode=supervised", *flags, *to]) == 0
    return folder


@pytest.fixture
def run(supervised, tmp_path):
    """A copy of the run's folder."""
    return pathlib.Path(shutil.copytree(supervised, tmp_path / "run"))


def judge(run, *flags):
    assert main(["tf-simclr", "--mode=eval", f"--model_dir={run}", *flags]) == 0


def contents(run):
    return {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


def test_the_folder_alone_is_judged_as_the_run_was(run, capsys):
    before = result(run)
    assert before["eval_split"] == "test" and before["image_size"] == 16
    assert before["weights"] == "trained" and before["date"]
    (run / "result.json").unlink()
    (run / "dataset.json").unlink()  # As an old run, that has no names of classes.
    judge(run)
    assert result(run) == before
    assert "did not store the names of its classes" in capsys.readouterr().out


def test_other_classes_are_matched_by_name_and_the_runs_files_stay(run, pictures, capsys):
    before = contents(run)
    judge(run, f"--data_dir={pictures}/later")
    said = capsys.readouterr().out
    assert "knows 3 classes (cat, dog, emu), and is not judged on pictures of 1 class (" in said
    after = contents(run)
    assert {path: after[path] for path in before} == before
    name = "later-test-16px"
    assert {path.name for path in set(after) - set(before) if "eval_" not in str(path)} == {
        f"result_{name}.json",
        f"report_{name}.html",
        f"confusion_matrix_{name}.csv",
        f"page_{name}.npz",
    }
    with open(run / f"confusion_matrix_{name}.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[1:] == list(KNOWN)
    matrix = np.array([row[1:] for row in rows], int)
    np.testing.assert_array_equal(matrix.sum(axis=1), [0, 3, 3])
    found = result(run, f"result_{name}.json")
    assert found[TOP_1] == np.trace(matrix) / 6
    assert (found["pictures"], found["eval/pictures"], found["eval/left_out"]) == (9, 6, ["fox"])
    page = (run / f"report_{name}.html").read_text()
    assert "of the 6 test pictures whose class it knows, without 1 class (fox)." in page
    assert "judged on 9 pictures: test of later, 16 pixels, " in page


def test_going_on_and_teaching_refuse_other_classes(run, pictures, flags, tmp_path, capsys):
    grow = f"--data_dir={pictures}/grow"
    before = contents(run)
    assert main(["tf-simclr", f"--model_dir={run}", grow, "--train_steps=2"]) == 2
    student = ["--train_mode=distill", f"--teacher={run}", f"--model_dir={tmp_path / 'student'}"]
    assert main(["tf-simclr", *flags, grow, *student]) == 2
    for line in capsys.readouterr().err.splitlines():
        assert "3 classes (cat, dog, emu)" in line and "3 classes (dog, emu, fox)" in line
    assert contents(run) == before


@pytest.mark.usefixtures("no_exports")
def test_a_classifier_of_other_classes_is_no_start(run, pictures, flags, tmp_path, capsys):
    to = [f"--data_dir={pictures}/grow", f"--model_dir={tmp_path / 'tuned'}"]
    finetune = ["--train_mode=finetune", f"--checkpoint={run}", "--variable_schema=.*"]
    assert main(["tf-simclr", *flags, *finetune, *to]) == 0
    said = capsys.readouterr().out
    assert "classifier is left out: it knows 3 classes (cat, dog, emu)" in said


def test_pictures_without_labels_have_no_scores_by_labels(run, pictures, capsys):
    judge(run, f"--data_dir={pictures}/flat")
    assert capsys.readouterr().out.count("No picture in 'test' has a label") == 1
    found = result(run, "result_flat-test-16px.json")
    assert {key for key in found if "top" in key or key.startswith("eval/")} == set()
    assert not (run / "confusion_matrix_flat-test-16px.csv").exists()


def test_another_size_and_another_split_are_said_and_have_files_of_their_own(run, capsys):
    before = contents(run)
    judge(run, "--image_size=28", "--eval_split=train", "--eval_name=seen")
    said = capsys.readouterr().out
    assert "eval_split is 'train' and was 'test', image_size is 28 and was 16" in said
    assert "trained on pictures of 16 x 16 pixels, and these have 28 x 28" in said
    assert "12 of the 12 pictures to judge on ('train') are also in 'train'" in said
    assert {path: contents(run)[path] for path in before} == before
    assert result(run, "result_seen.json")["image_size"] == 28


@pytest.mark.usefixtures("no_exports")
def test_going_on_by_the_folder_alone(run, capsys):
    assert main(["tf-simclr", f"--model_dir={run}", "--train_steps=2"]) == 0
    said = capsys.readouterr().out
    assert "Training steps 2 to 2: 12 pictures, supervised, ResNet-10" in said
    assert result(run)["global_step"] == 2  # It was a run that is judged, too.
