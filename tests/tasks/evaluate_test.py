import contextlib
import csv
import io
import json
import os
import shutil

import numpy as np
import pytest

from tf_simclr import load_encoder
from tf_simclr.data.opening import open_source
from tf_simclr.evaluation import hog
from tf_simclr.evaluation.provenance import KEYS
from tf_simclr.judging.baselines import baselines
from tf_simclr.main import main
from tf_simclr.reporting.names import COLUMNS, LABEL_FREE
from tf_simclr.tasks import evaluate

PROBES = {"linear_probe_top1", "linear_probe_top5", "linear_probe_l2", "knn_top1"}
ORIGINAL = {
    "eval/label_top_1_accuracy",
    "eval/label_top_5_accuracy",
    "eval/regularization_loss",
    "global_step",
}
OF_WHAT = {"date", "pictures", "lidar_pictures", "lidar_views", *KEYS}
OF_WHAT -= {"data_dir", "labels", "stratified_slices", "center_crop"}


def run(*flags):
    assert main(["tf-simclr", *flags]) == 0


def result(folder, name="result.json"):
    with open(os.path.join(folder, name)) as file:
        return json.load(file)


def confusion(folder):
    """Class names and int [classes, classes] of confusion_matrix.csv."""
    with open(os.path.join(folder, "confusion_matrix.csv"), newline="") as file:
        header, *rows = csv.reader(file)
    assert header[1:] == [row[0] for row in rows]
    return header[1:], np.array([row[1:] for row in rows], int)


@pytest.fixture(scope="module")
def emoji_flags(emoji_dir):
    return [
        "--dataset=emoji32",
        f"--data_dir={emoji_dir}",
        "--eval_split=test",
        "--image_size=16",
        "--resnet_depth=10",
        "--width_multiplier=0.0625",
        "--train_batch_size=16",
        "--train_steps=2",
        "--train_summary_steps=1",
        "--judge_examples=300",
        "--eval_batch_size=200",
    ]


@pytest.fixture(scope="module")
def evaluation(emoji_flags, tmp_path_factory):
    """The folder of a run, and what its evaluation said."""
    folder, said = str(tmp_path_factory.mktemp("evaluated")), io.StringIO()
    with contextlib.redirect_stdout(said):
        run("--mode=train_then_eval", *emoji_flags, f"--model_dir={folder}")
    return folder, said.getvalue()


@pytest.fixture(scope="module")
def evaluated(evaluation):
    return evaluation[0]


def test_results_have_the_probes_of_every_row_and_the_keys_of_the_original(evaluated):
    judges = PROBES | {"retrieval_at_1"}
    prefixes = ("", *baselines(), "random_init/")
    rows = {prefix + name for prefix in prefixes for name in judges}
    others = {prefix + name for prefix in prefixes for name in (*LABEL_FREE, "features")}
    found = result(evaluated)
    pyramid = {f"pyramid/{prefix}{name}" for prefix in prefixes for name in (*COLUMNS, "features")}
    assert set(found) == rows | others | pyramid | ORIGINAL | OF_WHAT | {"eval/pictures"}
    assert found["global_step"] == 2
    assert all(0 <= found[key] <= 1 for key in rows)
    assert found["linear_probe_l2"] in (0.3, 0.03, 0.003, 0.0003)  # The short grid.
    for others in ("raw_pixels/", "random_init/"):  # Not by chance the same, all of them.
        assert any(found[others + name] != found[name] for name in judges)
    assert found == result(evaluated, "result_2.json")
    with open(os.path.join(evaluated, "result.json")) as file:  # For people, too.
        assert file.read() == json.dumps(found, indent=2, sort_keys=True) + "\n"


def test_the_report_shows_what_the_results_say(evaluated):
    with open(os.path.join(evaluated, "report.html")) as file:
        page = file.read()
    assert f"{100 * result(evaluated)['raw_pixels/knn_top1']:.1f}" in page
    for heading in ("What was learned", "Nearest neighbours", "Map of the test pictures", "Views"):
        assert heading in page
    assert "--image_size=16" in page


def test_the_confusion_matrix_counts_the_labelled_test_pictures(evaluated, emoji_dir):
    names, matrix = confusion(evaluated)
    data = open_source("emoji32", data_dir=emoji_dir)
    assert names == list(data.class_names)
    labels = np.array([int(record["label"]) for record in data.records("test")])
    labelled = labels[labels >= 0]
    assert 0 < len(labelled) < len(labels)
    np.testing.assert_array_equal(matrix.sum(axis=1), np.bincount(labelled, minlength=len(names)))
    found = result(evaluated)
    top_1 = found["eval/label_top_1_accuracy"]
    assert np.trace(matrix) / matrix.sum() == pytest.approx(top_1, abs=1e-12)
    assert top_1 < found["eval/label_top_5_accuracy"] < 1


def test_the_page_and_the_terminal_name_what_is_mixed_up(evaluation):
    folder, said = evaluation
    names, matrix = confusion(folder)
    wrong = matrix - np.diag(np.diag(matrix))
    most, shown = wrong.max(), matrix.sum(axis=1)
    worst = [
        f"{names[label]} as {names[taken]} ({most} of {shown[label]})"
        for label, taken in zip(*np.nonzero(wrong == most))
    ]
    assert said.split("Most confused: ")[1].startswith(tuple(worst))
    with open(os.path.join(folder, "report.html")) as file:
        page = file.read()
    assert "Confusion matrix" in page and f"{matrix.sum():,} labelled test pictures" in page


@pytest.mark.parametrize("steps", [1, 2])
def test_no_more_steps_are_counted_than_eval_steps(evaluated, emoji_flags, tmp_path, steps):
    folder = shutil.copytree(evaluated, tmp_path / "run")
    full = confusion(evaluated)[1]
    few = [*emoji_flags, "--eval_batch_size=40", f"--eval_steps={steps}", "--judge_examples=40"]
    run("--mode=eval", *few, f"--model_dir={folder}")
    _, matrix = confusion(folder)
    assert 0 < matrix.sum() <= 40 * steps
    assert np.all(matrix <= full)  # The first pictures of the same split, classified alike.
    found = result(folder)["eval/label_top_1_accuracy"]
    assert found == pytest.approx(np.trace(matrix) / matrix.sum(), abs=1e-12)


def test_the_probe_looks_through_the_papers_grid(tiny_flags, trained_run, tmp_path):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    run("--mode=eval", *tiny_flags, "--probe_grid=paper", f"--model_dir={folder}")
    found = result(folder)
    assert found["linear_probe_top1"] <= found["linear_probe_top5"] == 1  # Of two classes.
    place = 4 * (np.log10(found["linear_probe_l2"]) + 6)  # Of 45 from 1e-6 to 1e5: four a decade.
    assert place == pytest.approx(round(place)) and 0 <= place <= 44


LAYERS = ("block_group3", "block_group3_2x2", "final", "projection3")
LAYERS_ASKED = ", ".join(reversed(LAYERS))


@pytest.fixture(scope="module")
def by_layer(evaluated, emoji_flags, tmp_path_factory):
    """The run with four of its layers judged, and what that said."""
    folder, said = (
        shutil.copytree(evaluated, tmp_path_factory.mktemp("layers") / "run"),
        io.StringIO(),
    )
    asked = f"--judge_endpoints={LAYERS_ASKED}"
    with contextlib.redirect_stdout(said):
        run("--mode=eval", *emoji_flags, asked, f"--model_dir={folder}")
    return folder, said.getvalue()


def test_each_layer_has_its_keys_beside_those_that_every_evaluation_has(by_layer, evaluated):
    found, before = result(by_layer[0]), result(evaluated)
    assert {key: found[key] for key in before} == before
    names = {"": LAYERS, "random_init/": LAYERS}
    names["raw_pixels/"] = [f"{side}x{side}" for side in (1, 2, 4, 8, 16)]
    if hog.installed():
        names["hog/"] = ["3x3", "6x6", "12x12"]
    kinds = ("probe", "knn", "retrieval", "held_out", "features")
    best = {"", *(f"/{name}" for name in ("linear_probe_top1", "knn_top1", "retrieval_at_1"))}
    expected = {f"{row}{kind}/{name}" for row in names for name in names[row] for kind in kinds}
    expected |= {f"{row}best_layer{key}" for row in names for key in best}
    expected |= {f"{row}layers" for row in names} | {"judge_endpoints", "labelled_pictures"}
    assert set(found) - set(before) == expected
    assert found["layers"] == list(LAYERS) and found["judge_endpoints"] == LAYERS_ASKED
    assert 100 < found["labelled_pictures"] < found["pictures"] == 300
    # The last layer has the scores of every evaluation.
    lasts = {"": "final", "random_init/": "final", "raw_pixels/": "16x16", "hog/": "6x6"}
    for row, last in ((row, lasts[row]) for row in names):
        assert found[f"{row}probe/{last}"] == found[f"{row}linear_probe_top1"]
        assert found[f"{row}knn/{last}"] == found[f"{row}knn_top1"]
        assert found[f"{row}features/{last}"] == found[f"{row}features"]
        held_out = {name: found[f"{row}held_out/{name}"] for name in names[row]}
        chosen = found[f"{row}best_layer"]
        assert held_out[chosen] == max(held_out.values())
        assert found[f"{row}best_layer/linear_probe_top1"] == found[f"{row}probe/{chosen}"]
    # Channels of the third group: a quarter of four cells.
    assert found["features/block_group3_2x2"] == 4 * found["features/block_group3"] == 64
    assert found["features/projection3"] == 128
    assert any(found[f"probe/{name}"] != found["probe/final"] for name in LAYERS)


def test_the_page_and_the_terminal_show_the_layers_that_were_judged(by_layer, evaluation):
    folder, said = by_layer
    [line] = [line for line in said.splitlines() if line.startswith("block_group3_2x2")]
    share = f"{100 * result(folder)['probe/block_group3_2x2']:.1f}"
    assert line.split()[1:4] == ["64", share, "%"]
    with open(os.path.join(folder, "report.html")) as file:
        page = file.read()
    assert "Layer by layer" in page and f"{share}\u202f%</td>" in page
    run("--mode=report", f"--model_dir={folder}")
    with open(os.path.join(folder, "report.html")) as file:
        assert file.read() == page
    with open(os.path.join(evaluation[0], "report.html")) as file:
        assert "Layer by layer" not in file.read()
    assert "By layer" not in evaluation[1]


@pytest.mark.parametrize("asked", ["last", LAYERS_ASKED, "all", "final"])
def test_done_is_what_was_asked_for_before(by_layer, emoji_flags, capsys, monkeypatch, asked):
    begun = []

    def evaluated_now(todo, data, strategy):
        begun.append(todo.config.evaluation.judge_endpoints)
        return {}, ""

    monkeypatch.setattr(evaluate, "_evaluate", evaluated_now)
    flags = [*emoji_flags, f"--judge_endpoints={asked}", f"--model_dir={by_layer[0]}"]
    run("--mode=train_then_eval", *flags)
    is_done = asked in ("last", LAYERS_ASKED)
    assert begun == ([] if is_done else [asked])
    assert ("Evaluation is done" in capsys.readouterr().out) == is_done


@pytest.mark.parametrize("mode", ["inference", "training"])
@pytest.mark.usefixtures("no_exports")
def test_linear_evaluation_by_the_command_line_moves_no_weight_of_the_encoder(
    tiny_flags, trained_run, tmp_path, mode
):
    run(
        *tiny_flags,
        "--train_mode=finetune",
        "--fine_tune_after_block=4",
        "--optimizer=momentum",
        f"--frozen_batch_norm={mode}",
        f"--checkpoint={trained_run}",
        f"--model_dir={tmp_path}",
    )
    before, after = load_encoder(trained_run), load_encoder(str(tmp_path))
    moved = {
        was.name.split("/")[-1]
        for was, now in zip(before.variables, after.variables, strict=True)
        if not np.array_equal(was, now)
    }
    # In inference mode nothing; in the original's, the averages of batch norm.
    averages = {"moving_mean:0", "moving_variance:0"}
    assert moved == (averages if mode == "training" else set())


def test_evaluated_once_it_says_so_and_mode_eval_does_it_again(
    evaluated, emoji_flags, tmp_path, capsys
):
    folder = shutil.copytree(evaluated, tmp_path / "run")
    flags = [*emoji_flags, f"--model_dir={folder}"]
    page = os.path.join(folder, "report.html")
    before, written = result(folder), os.stat(page).st_mtime_ns
    run("--mode=train_then_eval", *flags)
    said = capsys.readouterr().out
    assert "Training is done" in said and "Evaluation is done" in said
    assert os.stat(page).st_mtime_ns == written
    run("--mode=eval", *flags, "--eval_steps=1")
    assert os.stat(page).st_mtime_ns > written
    again = result(folder)
    # One step of 200 pictures for the linear head; the probes have a limit of their own.
    assert {k: v for k, v in again.items() if "eval/" not in k} == {
        k: v for k, v in before.items() if "eval/" not in k
    }


def test_a_report_that_is_missing_is_written_anew(tiny_flags, trained_run, tmp_path, capsys):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    flags = ["--mode=train_then_eval", *tiny_flags, f"--model_dir={folder}"]
    run(*flags)
    os.remove(folder / "report.html")
    capsys.readouterr()
    run(*flags)
    assert (folder / "report.html").exists() and "Evaluating step 3" in capsys.readouterr().out
    run(*flags)
    said = capsys.readouterr().out
    assert "Evaluation is done" in said and "Evaluating" not in said


@pytest.mark.usefixtures("no_exports")
def test_pictures_without_labels_are_pretrained_on_and_still_get_a_page(
    tiny_flags, picture_folder, tmp_path, capsys
):
    flat = tmp_path / "flat"
    for split in ("train", "test"):
        (flat / split).mkdir(parents=True)
        for name in ("dark", "light"):
            source = os.path.join(picture_folder, split, name)
            for picture in os.listdir(source):
                shutil.copy(os.path.join(source, picture), flat / split / f"{name}{picture}")
    run(
        "--mode=train_then_eval",
        *tiny_flags,
        f"--data_dir={flat}",
        f"--model_dir={tmp_path / 'run'}",
    )
    said, found = capsys.readouterr().out, result(tmp_path / "run")
    assert "has no labels" in said and "Two-view retrieval" in said
    asked = {"features", *LABEL_FREE} - {"alpha_req"}  # Eight pictures may be too few for it.
    asked = {row + name for row in ("", "raw_pixels/", "random_init/") for name in asked}
    assert set(found) >= {"global_step", "data_dir"} | OF_WHAT | asked
    assert not set(found) & PROBES and found["lidar_pictures"] == 8
    with open(tmp_path / "run" / "report.html") as file:
        page = file.read()
    assert "Nearest neighbours" in page and "Judged without labels" in page


def test_a_fine_tuned_classifier_is_evaluated_and_exported(
    emoji_flags, evaluated, tmp_path, capsys
):
    run(
        "--mode=train_then_eval",
        "--train_mode=finetune",
        *emoji_flags,
        "--fine_tune_after_block=4",
        "--ft_proj_selector=1",
        f"--checkpoint={evaluated}",
        f"--model_dir={tmp_path}",
    )
    assert "Fine-tuned classifier: top-1" in capsys.readouterr().out
    found, frozen = result(tmp_path), result(evaluated)
    assert set(found) >= ORIGINAL
    # A frozen encoder is judged as the pretrained one was.
    assert found["knn_top1"] == frozen["knn_top1"]
