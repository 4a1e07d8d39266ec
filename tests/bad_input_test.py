"""Bad input: one clear line, exit code 2, no traceback, and nothing that was there is lost."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from PIL import Image
from small_checkpoints import truncate

from tf_simclr import main as door
from tf_simclr.main import main
from tf_simclr.tasks import evaluate
from tf_simclr.workdir import run_folder

HOLD = """
import sys
from tf_simclr.workdir import run_folder
with run_folder.lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def snapshot(folder):
    """What lies in a folder: path -> (size, time of change), but for the lock."""
    paths = [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in paths
        if path.name != ".lock"
    }


@pytest.fixture
def refused(capsys):
    """Calls main; its one line on stderr, which exits with `code`."""

    def call(*arguments, code=2):
        capsys.readouterr()
        assert main(["tf-simclr", *arguments]) == code
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert lines[0].startswith("tf-simclr: ")
        return lines[0]

    return call


@pytest.fixture
def run(trained_run, tmp_path):
    """A copy of a trained run."""
    return shutil.copytree(trained_run, tmp_path / "run")


# Flags


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--lerning_rate=1"], "--lerning_rate. Type: tf-simclr --learning_rate=1"),
        (["--quux"], "Not understood: --quux. tf-simclr --help lists all flags."),
        (
            ["--mode=test"],
            "--mode=test: value should be one of <train|eval|train_then_eval|export|embed|report>",
        ),
        (["--image_size=big"], "flag --image_size=big"),
        (["--image_size=0"], "`image_size` must be at least 1. Received: image_size=0."),
        (["--learning_rate=nan"], "`learning_rate` must be a finite number."),
        (["--weight_decay=inf"], "`weight_decay` must be a finite number."),
        (["--resnet_depth=20"], "`resnet_depth` must be one of (10, 18, 34, 50, 101, 152, 200)."),
        (["--ft_proj_selector=4", "--model_dir=a"], "`ft_proj_selector` must be from -1 to 3"),
        (["--tpu_name=a", "--master=b"], "`master` must not be another TPU"),
        (
            ["--semi_hard", "--model_dir=a"],
            "`semi_hard` must be False with NTXent, which has no such setting.",
        ),
        (
            ["--loss=margin_triplet", "--semi_hard", "--triplet_margin=0", "--model_dir=a"],
            "`triplet_margin` must be above 0 with --semi_hard",
        ),
        (["--loss=margin_triplet", "--triplet_margin=-1"], "`triplet_margin` must be at least 0."),
        (
            ["--train_batch_size=1", "--model_dir=a"],
            "`train_batch_size` must be at least 2 to pretrain",
        ),
        (
            ["--mode=train_then_eval", "--judge_endpoints=stem,block_group5", "--model_dir=a"],
            "`judge_endpoints` must be last, all, or some of stem, stem_2x2, block_group1,",
        ),
        (["--dataset=image_folder"], "`data_dir` must name the folder of pictures"),
        (["pictures"], "Not understood: pictures. tf-simclr --help lists all flags."),
        (["--flagfile=/no/such.cfg"], "Unable to open flagfile"),
        (["--flagfile"], "Missing value for flag --flagfile"),
    ],
    ids=lambda case: case[0] if isinstance(case, list) else "",
)
def test_flags(refused, arguments, said):
    assert said in refused(*arguments)


def test_a_flagfile_that_is_not_text(refused, tmp_path):
    (tmp_path / "recipe.cfg").write_bytes(b"\xff\xfe--seed=1")
    assert "A flagfile is not text" in refused(f"--flagfile={tmp_path}/recipe.cfg")


def test_an_unknown_flag_in_a_flagfile(refused, tmp_path):
    (tmp_path / "recipe.cfg").write_text("--lerning_rate=1\n")
    assert "--lerning_rate, in " in refused(f"--flagfile={tmp_path}/recipe.cfg")


@pytest.mark.parametrize("names", ["block_group3_3x3", "projection4", "last,final", "", "ALL", ","])
def test_a_layer_that_the_run_does_not_have(refused, run, names):
    before = snapshot(run)
    line = refused("--mode=eval", f"--model_dir={run}", f"--judge_endpoints={names}")
    assert line.endswith(f" projection3. Received: judge_endpoints={names!r}.")
    assert "final, projection1, projection2" in line and snapshot(run) == before


# Data


@pytest.fixture
def refuses_data(refused, tiny_flags, tmp_path):
    """Calls main with other data; its line on stderr. No folder is made for the run."""

    def call(*arguments):
        line = refused(*tiny_flags, f"--model_dir={tmp_path}/run", *arguments)
        assert not (tmp_path / "run").exists()
        return line

    return call


def test_a_folder_that_does_not_exist(refuses_data, tmp_path):
    assert f"{tmp_path}/missing" in refuses_data(f"--data_dir={tmp_path}/missing")


def test_an_empty_folder(refuses_data, tmp_path):
    (tmp_path / "empty").mkdir()
    assert f"{tmp_path}/empty" in refuses_data(f"--data_dir={tmp_path}/empty")


def test_a_file_in_place_of_a_folder(refuses_data, tmp_path):
    (tmp_path / "file").write_text("")
    assert f"{tmp_path}/file" in refuses_data(f"--data_dir={tmp_path}/file")


def test_a_data_set_that_does_not_exist(refuses_data, tmp_path):
    line = refuses_data("--dataset=no_such_pictures", f"--data_dir={tmp_path}")
    assert "no_such_pictures" in line


def test_a_batch_larger_than_the_data(refuses_data):
    line = refuses_data("--train_batch_size=17")
    assert "`train_batch_size` must not be larger than the data" in line
    assert "16 pictures" in line
    assert "Received: train_batch_size=17." in line


@pytest.mark.parametrize(
    "arguments",
    [["--train_split=nowhere"], ["--mode=train_then_eval", "--eval_split=nowhere"]],
    ids=["training", "evaluation"],
)
def test_a_split_that_does_not_exist(refuses_data, arguments):
    line = refuses_data(*arguments)
    flag = arguments[-1].split("=")[0].removeprefix("--")
    assert line.startswith(f"tf-simclr: `{flag}` must be one of ")
    assert f"Received: {flag}=nowhere" in line
    assert "train" in line  # One that does exist.


def test_fine_tuning_without_labels(refuses_data, tmp_path):
    (tmp_path / "flat").mkdir()
    for number in range(4):
        Image.new("RGB", (20, 20)).save(tmp_path / "flat" / f"{number}.png")
    line = refuses_data(f"--data_dir={tmp_path}/flat", "--train_mode=finetune")
    assert "`train_mode` finetune needs labels" in line


def test_fine_tuning_on_a_split_without_labels(refuses_data, picture_folder, tmp_path):
    shutil.copytree(f"{picture_folder}/test", tmp_path / "data/test")
    shutil.copytree(f"{picture_folder}/train/dark", tmp_path / "data/train")
    line = refuses_data(f"--data_dir={tmp_path}/data", "--train_mode=finetune")
    assert "`train_split` must have labels for `train_mode` finetune." in line
    assert "none of 8 pictures has one" in line


def test_a_folder_of_which_it_is_not_clear_what_to_train_on(refuses_data, picture_folder, tmp_path):
    shutil.copytree(f"{picture_folder}/train", tmp_path / "data/train")
    shutil.copytree(f"{picture_folder}/train/dark", tmp_path / "data/samples")
    line = refuses_data(f"--data_dir={tmp_path}/data")
    assert "Received: splits train next to samples. Move or rename" in line


# The run's folder


@pytest.mark.parametrize("mode", ["train", "eval", "train_then_eval"])
def test_no_folder_of_the_run(refused, tiny_flags, mode):
    assert "`model_dir` must name the folder" in refused(*tiny_flags, f"--mode={mode}")


def test_a_folder_that_cannot_be_written(refused, tiny_flags, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (f"{tmp_path}/file", "/proc/a_run"):
        line = refused(*tiny_flags, f"--model_dir={path}")
        assert "`model_dir` must be a folder that can be written" in line
        assert f"Received: model_dir={path!r}" in line
    assert (tmp_path / "file").read_text() == "in the way"


def test_an_evaluation_that_could_not_be_written_is_not_begun(
    refused, tiny_flags, run, monkeypatch
):
    """Stands for a folder that is read-only, which none is to root."""

    def fail(model_dir):
        raise ValueError("`model_dir` must be a folder that can be written.")

    monkeypatch.setattr(run_folder, "make_writable", fail)
    monkeypatch.setattr(evaluate, "_results", None)
    monkeypatch.setattr(door, "_is_ours", lambda error: True)
    line = refused(*tiny_flags, f"--model_dir={run}", "--mode=eval")
    assert "`model_dir` must be a folder that can be written" in line


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_a_run_of_another_architecture(refused, tiny_flags, run, mode):
    before = snapshot(run)
    line = refused(
        *tiny_flags,
        f"--model_dir={run}",
        "--proj_head_mode=linear",
        "--width_multiplier=0.125",
        f"--mode={mode}",
    )
    assert "`model_dir` belongs to a run of another architecture" in line
    assert "width_multiplier is 0.125 and was 0.0625" in line
    assert "proj_head_mode is 'linear' and was 'nonlinear'" in line
    assert "resnet_depth" not in line
    assert snapshot(run) == before


def test_a_run_with_another_optimiser(refused, tiny_flags, run):
    before = snapshot(run)
    line = refused(*tiny_flags, f"--model_dir={run}", "--optimizer=adam")
    assert "optimizer is 'adam' and was 'lars'" in line
    assert snapshot(run) == before


def test_a_run_that_is_in_use(refused, tiny_flags, run):
    """The exit code says that the same command may succeed later."""
    before = snapshot(run)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(run)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        line = refused(*tiny_flags, f"--model_dir={run}", "--train_steps=9", code=75)
    finally:
        holder.kill()
        holder.communicate()
    assert f"`model_dir` is in use by another live process (pid {holder.pid})" in line
    assert snapshot(run) == before


@pytest.mark.parametrize("content", [b"", b'{"seed": ', b"\x00\xff"])
def test_damaged_settings(refused, tiny_flags, run, content):
    (run / "flags.json").write_bytes(content)
    before = snapshot(run)
    line = refused(*tiny_flags, f"--model_dir={run}")
    assert "`model_dir` holds a flags.json that cannot be read" in line
    assert snapshot(run) == before


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_evaluation_without_a_run(refused, tiny_flags, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    line = refused(*tiny_flags, f"--model_dir={tmp_path}/{folder}", "--mode=eval")
    assert "`model_dir` must be the folder of a trained run" in line
    assert os.listdir(tmp_path) == ["empty"]
    assert os.listdir(tmp_path / "empty") == []


# Checkpoints


def test_a_truncated_checkpoint_is_passed_over_and_named(tiny_flags, run, capsys):
    truncate(run / "ckpt-3.data-00000-of-00001")
    assert main(["tf-simclr", *tiny_flags, f"--model_dir={run}"]) == 0
    captured = capsys.readouterr()
    assert f"Damaged and skipped: {run}/ckpt-3. {run}/ckpt-2 is used instead." in captured.out
    assert "Training steps 3 to 3" in captured.out
    assert captured.err == ""


def test_only_damaged_checkpoints(refused, tiny_flags, run):
    for step in (1, 2, 3):
        truncate(run / f"ckpt-{step}.data-00000-of-00001")
    before = snapshot(run)
    line = refused(*tiny_flags, f"--model_dir={run}")
    assert "`model_dir` holds checkpoints (3) and none can be read" in line
    line = refused(*tiny_flags, f"--model_dir={run}", "--mode=eval")
    assert "cannot be read: it is damaged" in line
    after = snapshot(run)
    settings = str(run / "flags.json")  # Written again as they were.
    assert after | {settings: None} == before | {settings: None}


def test_a_checkpoint_to_start_from(refuses_data, trained_run, tmp_path):
    other = shutil.copytree(trained_run, tmp_path / "other")
    line = refuses_data(f"--checkpoint={tmp_path}/missing")
    assert "`checkpoint` must be a run's folder, a checkpoint's prefix" in line
    line = refuses_data(f"--checkpoint={other}", "--num_proj_layers=2")
    assert "`checkpoint` does not fit this architecture" in line
    line = refuses_data(f"--checkpoint={other}/ckpt-3", "--resnet_depth=34")
    assert "`checkpoint` does not fit this architecture" in line
    truncate(other / "ckpt-3.data-00000-of-00001")
    line = refuses_data(f"--checkpoint={other}/ckpt-3")
    assert "`checkpoint` cannot be read: it is damaged" in line


# A loss that is no number


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(refused, tiny_flags, run):
    """With such a rate the third step's weights overflow, or the fourth's loss."""
    good = ("ckpt-1.index", "ckpt-2.index", "ckpt-3.index")
    before = {name: stamp for name, stamp in snapshot(run).items() if name.endswith(good)}
    line = refused(
        *tiny_flags,
        f"--model_dir={run}",
        "--learning_rate=1e38",
        "--train_steps=9",
        "--checkpoint_steps=1",
    )
    assert "of step 4 is not a finite number" in line or "of step 5 is not a finite" in line
    assert "What was saved before is kept. Lower --learning_rate" in line
    after = snapshot(run)
    assert {name: after[name] for name in before} == before
