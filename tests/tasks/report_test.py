"""--mode=report draws the pages anew, from the run's folder alone."""

import contextlib
import json
import os
import re
import shutil

import numpy as np
import pytest

import tf_simclr
from tf_simclr.main import main
from tf_simclr.workdir import run_folder


def report(folder, *flags):
    assert main(["tf-simclr", "--mode=report", f"--model_dir={folder}", *flags]) == 0
    with open(os.path.join(folder, "report.html"), encoding="utf-8") as file:
        return file.read()


def headings(page):
    return re.findall(r"<h2>(.*?)</h2>", page)


@pytest.fixture(scope="module")
def judged(tiny_flags, trained_run, tmp_path_factory):
    """A run that was evaluated on its own pictures and on others, whose pictures are gone."""
    folder, pictures = tmp_path_factory.mktemp("judged"), tmp_path_factory.mktemp("pictures")
    run = shutil.copytree(trained_run, folder / "run")
    data_dir = next(flag for flag in tiny_flags if "data_dir" in flag).split("=")[1]
    shutil.copytree(data_dir, pictures / "others")
    for data in (data_dir, pictures / "others"):
        flags = ["--mode=eval", f"--data_dir={data}", f"--model_dir={run}"]
        assert main(["tf-simclr", *flags]) == 0
    shutil.rmtree(pictures)
    return run


def test_drawn_anew_a_page_is_the_same_without_its_pictures_at_hand(judged, capsys):
    before = {path.name: path.read_bytes() for path in judged.glob("report*.html")}
    assert len(before) == 2
    for path in judged.glob("report*.html"):
        path.unlink()
    report(judged)
    assert {path.name: path.read_bytes() for path in judged.glob("report*.html")} == before
    assert capsys.readouterr().out.count("Wrote ") == 2


def test_while_it_trains_the_page_has_curves_and_facts(trained_run, tmp_path):
    folder = shutil.copytree(trained_run, tmp_path / "run")
    with run_folder.lock(str(folder)):
        page = report(folder)
    assert headings(page) == ["Where it stands", "Training", "Use the encoder", "This run"]
    assert "It is in training; its newest checkpoint is of step 3 of 3." in page
    page = report(folder)
    assert "It has not been evaluated" in page and "--mode=eval" in page
    assert "<dt>Machine</dt>" in page and "<dt>Size of the encoder</dt>" in page


def test_numbers_of_an_earlier_step_are_said_to_be(judged, tmp_path):
    folder = shutil.copytree(judged, tmp_path / "run")
    path = folder / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"global_step": 2}))
    page = report(folder)
    assert "The numbers are those of step 2; the newest checkpoint is of 3." in page


def test_a_run_that_another_version_evaluated_has_its_numbers(judged, tmp_path, capsys):
    folder = shutil.copytree(judged, tmp_path / "run")
    (folder / "page.npz").unlink()
    page = report(folder)
    said = capsys.readouterr().out
    assert "Note: report.html is drawn without pictures: page.npz is missing, damaged" in said
    assert headings(page)[0] == "What was learned" and "Nearest neighbours" not in headings(page)


@pytest.mark.parametrize(
    "make, expected",
    [
        (lambda path: None, "must be the folder of a run. Received: model_dir="),
        (lambda path: path.write_text("no folder"), "must be the folder of a run."),
        (lambda path: (path.mkdir(), (path / "flags.json").write_text("{")), "cannot be read"),
    ],
)
def test_without_a_run_there_is_nothing_to_draw(tmp_path, capsys, make, expected):
    make(tmp_path / "run")
    assert main(["tf-simclr", "--mode=report", f"--model_dir={tmp_path / 'run'}"]) == 2
    error = capsys.readouterr().err
    assert expected in error and error.count("\n") == 1
    assert main(["tf-simclr", "--mode=report"]) == 2
    assert "`model_dir` must name the folder of the run" in capsys.readouterr().err


def test_damaged_files_leave_out_what_they_had(judged, tmp_path):
    folder = shutil.copytree(judged, tmp_path / "run")
    for name in ("result.json", "page.npz", "dataset.json", "machine.json"):
        (folder / name).write_bytes(b"\x00 not this")
    for path in (folder / "train").iterdir():
        path.write_bytes(b"no events")
    assert headings(report(folder)) == ["Use the encoder", "This run"]


def test_flags_that_a_drawing_does_not_need_get_a_note(judged, capsys):
    report(judged, "--seed=3", "--eval_split=nowhere")
    said = capsys.readouterr().out
    assert "Note: --eval_split, --seed have no effect with --mode=report" in said or (
        "Note: --seed, --eval_split have no effect with --mode=report" in said
    )


def test_from_python_it_says_where_the_page_is(judged):
    with contextlib.redirect_stdout(None):
        found = tf_simclr.run(mode="report", model_dir=str(judged))
    assert found.written == os.path.join(judged, "report.html")
    assert np.isfinite(found.results["knn_top1"])
