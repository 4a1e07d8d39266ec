"""Rotation prediction by the command line, from pretraining to a student: three steps each."""

import functools
import json
import os
import shutil

import numpy as np
import pytest
from whole_runs import assert_went_on_bit_for_bit, read, refusal, run, run_and_record, weights

from tf_simclr import load_encoder
from tf_simclr.main import main
from tf_simclr.workdir import looking
from tf_simclr.workdir.summaries import read_scalars


@pytest.fixture(scope="module")
def rotation_flags(tiny_flags):
    return [*tiny_flags, "--pretext_task=rotation", "--checkpoint_steps=1", "--microbatches=2"]


@pytest.fixture(scope="module")
def printed():
    return []


@pytest.fixture(scope="module")
def rotated(rotation_flags, tmp_path_factory, printed):
    """The folder of a run, with what it printed in `printed`."""
    folder = str(tmp_path_factory.mktemp("rotated"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "is_due", lambda **_: True)
        printed += run_and_record(
            *rotation_flags, "--mode=train_then_eval", "--keep_best=knn", f"--model_dir={folder}"
        )
    return folder


def test_a_run_is_judged_shown_and_exported(rotated, printed):
    result, scalars = json.loads(read(rotated, "result.json")), read_scalars(rotated)
    assert 0 <= result["eval/rotation_accuracy"] <= 1 and result["eval/rotation_chance"] == 0.25
    assert {"linear_probe_top1", "knn_top1", "rankme"} <= set(result)
    for name in ("rotation_loss", "rotation_acc"):
        assert scalars[f"train/{name}"][0].tolist() == [1, 2, 3]
    assert scalars["train/look_knn_top1"][0].tolist() == [2, 3]
    said = "\n".join(printed)
    assert "batch 4, 4 turns of each, views made on the host." in said
    assert (
        f"Rotation accuracy on test pictures: {100 * result['eval/rotation_accuracy']:.1f} % ("
        in said
    )
    assert "chance 25.0 %" in said
    features = load_encoder(rotated)(np.zeros([2, 16, 16, 3], np.float32))["final_avg_pool"]
    assert features.shape == (2, 32)
    assert os.path.exists(os.path.join(rotated, "best", "best.json"))


def test_neither_page_nor_card_speaks_of_pairs_or_a_contrastive_loss(rotated, printed):
    page, card = read(rotated, "report.html"), read(rotated, "hub", 3, "README.md")
    for part in ("Rotation prediction on pictures", "Four turns", "<small>270°</small>"):
        assert part in page
    assert "<h3>Rotation accuracy</h3>" in page and "By chance" in page
    assert card.startswith("# Rotation prediction encoder: ResNet-10 x 0.0625\n")
    assert "by predicting rotations." in card
    for text in (page, card, "\n".join(printed)):
        for word in (
            "contrastive",
            "Contrastive",
            "emperature",
            "two random views",
            "probe alongs",
        ):
            assert word not in text


@pytest.mark.usefixtures("no_exports")
def test_a_killed_run_goes_on_bit_for_bit(rotated, rotation_flags, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(rotated, broken, ignore=shutil.ignore_patterns("ckpt-3*", "best"))
    run(*rotation_flags, f"--model_dir={broken}")
    assert_went_on_bit_for_bit(rotated, broken)
    assert any(key.startswith("rotation_head/") for key in weights(broken, 3))


def test_a_classifier_and_its_student_start_from_it(rotated, tiny_flags, tmp_path, capsys):
    """The classifier is linear, on a layer of the projection head: nothing below it changes."""
    tuned, student = tmp_path / "tuned", tmp_path / "student"
    flags = ["--train_mode=finetune", f"--checkpoint={rotated}", "--ft_proj_selector=1"]
    run(*tiny_flags, *flags, "--fine_tune_after_block=4", f"--model_dir={tuned}")
    before, after = weights(rotated, 3), weights(tuned, 3)
    kept = ("encoder/", "projection_head/layers/0")
    kept = [k for k in before if k.startswith(kept) and "OPTIMIZER_SLOT" not in k]
    assert len(kept) > 65
    for key in kept:
        np.testing.assert_array_equal(after[key], before[key], err_msg=key)
    flags = ["--mode=train_then_eval", "--train_mode=distill", f"--teacher={tuned}"]
    run(*tiny_flags, *flags, f"--model_dir={student}")
    assert "eval/label_top_1_accuracy" in json.loads(read(student, "result.json"))
    assert "rotation" not in capsys.readouterr().out


# Bad input


@pytest.fixture
def refused(tiny_flags, tmp_path, capsys):
    """Calls main; its one line on stderr. No folder is made for the run."""

    return functools.partial(
        refusal, capsys, tmp_path / "run", *tiny_flags, "--pretext_task=rotation"
    )


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--view_operations=crop,flip,rotate"],
            "`view_operations` must not have rotate with --pretext_task=rotation, whose labels it"
            " would make wrong. Received: view_operations='crop,flip,rotate'. Leave it out.",
        ),
        (["--extra_augmentation=rotate"], "`extra_augmentation` must not have rotate with"),
        (["--view_operations=flip,crop"], "`view_operations` must begin with crop"),
        (["--microbatches=3"], "`microbatches` must divide train_batch_size=4"),
        (["--train_batch_size=99"], "`train_batch_size` must not be larger than the data"),
        (["--ft_proj_selector=9"], "`ft_proj_selector` must be from -1 to 3"),
    ],
)
def test_settings_that_cannot_be_are_one_line(refused, flags, message):
    assert message in refused(*flags)


def test_a_run_of_another_task_is_not_gone_on_with(trained_run, tiny_flags, tmp_path, capsys):
    folder = shutil.copytree(trained_run, tmp_path / "of_simclr")
    flags = [*tiny_flags, "--pretext_task=rotation", "--train_steps=5", f"--model_dir={folder}"]
    assert main(["tf-simclr", *flags]) == 2
    assert "of another architecture: pretext_task" in capsys.readouterr().err
