"""--dry_run says what would be done, in every mode, and writes nothing."""

import pathlib
import shutil

import pytest

from tf_simclr.main import main


def tree(*folders):
    return {
        str(path): path.stat().st_mtime_ns if path.is_file() else None
        for folder in folders
        for path in pathlib.Path(folder).rglob("*")
    }


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--model_dir=NEW", "TINY"], "Would train steps 1 to 3, batch 4 at 16 pixels, to "),
        (["--model_dir=RUN", "TINY"], "Training is done: "),
        (["--model_dir=RUN", "TINY", "--train_steps=9"], "Would train steps 4 to 9"),
        (["--model_dir=RUN", "--mode=eval"], "Would evaluate step 3 on 8 pictures of 'test'"),
        (["--model_dir=RUN", "--mode=export"], "Would export "),
        (["--model_dir=RUN", "--mode=report"], "Would draw "),
        (["--model_dir=RUN", "--mode=embed", "--output=NEW.npz"], "Would embed 24 pictures"),
        (
            ["--model_dir=RUN", "--mode=embed", "--embed_split=test", "--output=NEW.npz"],
            "Would embed 8 pictures",
        ),
    ],
)
def test_nothing_is_written(flags, told, tiny_flags, trained_run, picture_folder, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(trained_run, run)
    before = tree(tmp_path, picture_folder)
    argv = ["tf-simclr", "--dry_run"]
    for flag in flags:
        flag = flag.replace("RUN", str(run)).replace("NEW", str(tmp_path / "new"))
        argv += tiny_flags if flag == "TINY" else [flag]
    assert main(argv) == 0
    printed = capsys.readouterr().out
    assert told in printed and printed.endswith("Nothing was written.\n")
    assert ("(training " in printed) == ("Would train" in told)
    assert tree(tmp_path, picture_folder) == before


def test_where_there_is_no_run_no_page_would_be_drawn(tmp_path, capsys):
    assert main(["tf-simclr", "--dry_run", "--mode=report", f"--model_dir={tmp_path}"]) == 2
    assert "`model_dir` must be the folder of a run." in capsys.readouterr().err


def test_the_whole_command_says_its_choices(picture_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TF_SIMCLR_CACHE", str(tmp_path / "cache"))  # What is found is not kept.
    flags = [f"--data_dir={picture_folder}", f"--model_dir={tmp_path / 'run'}", "--dry_run"]
    flags += ["--image_size=16", "--resnet_depth=10", "--width_multiplier=0.0625"]
    assert main(["tf-simclr", *flags, "--train_steps=2"]) == 0
    printed = capsys.readouterr().out
    assert "  train_batch_size 16: 16 pictures" in printed
    assert "Would train steps 1 to 2" in printed and "Would evaluate the last step" in printed
    assert "Estimate: about " in printed
    assert list(tmp_path.iterdir()) == []


def test_data_that_tfds_has_not_prepared_stays_so(tmp_path, capsys):
    flags = ["--dataset=emoji32", f"--data_dir={tmp_path / 'tfds'}", f"--model_dir={tmp_path}/run"]
    assert main(["tf-simclr", "--dry_run", *flags]) == 0
    assert "Would prepare emoji32 in " in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
