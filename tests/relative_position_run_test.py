"""Relative positions by the command line, from pretraining to a student: three steps each."""

import functools
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from whole_runs import assert_went_on_bit_for_bit, read, refusal, run, run_and_record, weights

from tf_simclr import load_encoder
from tf_simclr.main import main
from tf_simclr.workdir.summaries import read_scalars

TASK = "--pretext_task=relative_position"


def of_encoder(found):
    names = [key for key in found if key.startswith("encoder/") and "OPTIMIZER_SLOT" not in key]
    assert len(names) > 50
    return {name: found[name] for name in names}


@pytest.fixture(scope="module")
def sized(tiny_flags):
    """Patches of 16 pixels would be too small."""
    return [flag for flag in tiny_flags if "proj_out_dim" not in flag] + ["--image_size=24"]


@pytest.fixture(scope="module")
def placed_flags(sized):
    return [*sized, TASK, "--checkpoint_steps=1", "--microbatches=2"]


@pytest.fixture(scope="module")
def printed():
    return []


@pytest.fixture(scope="module")
def placed(placed_flags, tmp_path_factory, printed):
    """The folder of a run, with what it printed in `printed`."""
    folder = str(tmp_path_factory.mktemp("placed"))
    printed += run_and_record(*placed_flags, "--mode=train_then_eval", f"--model_dir={folder}")
    return folder


def test_a_run_is_judged_shown_and_exported(placed, printed):
    result, scalars = json.loads(read(placed, "result.json")), read_scalars(placed)
    assert 0 <= result["eval/position_accuracy"] <= 1 and result["eval/position_chance"] == 0.125
    assert {"linear_probe_top1", "knn_top1", "rankme"} <= set(result)
    for name in ("position_loss", "position_acc"):
        assert scalars[f"train/{name}"][0].tolist() == [1, 2, 3]
    said = "\n".join(printed)
    assert "batch 4, patches of 5 pixels, 2 apart, moved by up to 1, made on the host." in said
    assert (
        f"Position accuracy on test pictures: {100 * result['eval/position_accuracy']:.1f} % ("
        in said
    )
    assert "chance 12.5 %" in said and "Note:" not in said
    assert json.loads(read(placed, "flags.json"))["proj_head_mode"] == "none"
    encoder = load_encoder(placed)
    assert encoder(np.zeros([2, 24, 24, 3], np.float32))["final_avg_pool"].shape == (2, 32)


def test_page_and_card_speak_of_pairs_of_patches(placed):
    page, card = read(placed, "report.html"), read(placed, "hub", 3, "README.md")
    for part in ("Relative position on pictures", "Pairs of patches", "<small>centre</small>"):
        assert part in page
    assert "<h3>Position accuracy</h3>" in page and "By chance" in page
    assert card.startswith("# Relative position encoder: ResNet-10 x 0.0625\n")
    for text in (page, card):
        for word in ("ontrastive", "emperature", "two random views", "rotation"):
            assert word not in text


def test_the_exported_tower_takes_whole_pictures(placed):
    exported = tf.saved_model.load(os.path.join(placed, "saved_model", "3"))
    images = np.random.default_rng(0).random((2, 24, 24, 3), np.float32)
    found = exported(images, trainable=False)
    expected = load_encoder(placed)(images)["final_avg_pool"]
    np.testing.assert_allclose(found["final_avg_pool"], expected, atol=1e-6)
    assert not any("position" in variable.name for variable in exported.variables)


@pytest.mark.usefixtures("no_exports")
def test_a_killed_run_goes_on_bit_for_bit(placed, placed_flags, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(placed, broken, ignore=shutil.ignore_patterns("ckpt-3*"))
    run(*placed_flags, f"--model_dir={broken}")
    assert_went_on_bit_for_bit(placed, broken)
    assert any(key.startswith("position_head/") for key in weights(broken, 3))


@pytest.mark.usefixtures("no_exports")
def test_a_classifier_takes_the_tower_alone_and_says_so(placed, sized, tmp_path, capsys):
    tuned, student = tmp_path / "tuned", tmp_path / "student"
    start = ["--train_mode=finetune", f"--checkpoint={placed}"]
    run(*sized, *start, "--fine_tune_after_block=4", f"--model_dir={tmp_path / 'linear'}")
    said = capsys.readouterr().out
    assert f"From {placed}: --proj_head_mode=none." in said
    assert "ckpt-3: encoder.\nOnly its tower, the encoder, is used; its head belongs to" in said
    before, after = (of_encoder(weights(f, 3)) for f in (placed, tmp_path / "linear"))
    for key, value in before.items():
        np.testing.assert_array_equal(after[key], value, err_msg=key)
    run(*sized, *start, f"--model_dir={tuned}")
    flags = ["--mode=train_then_eval", "--train_mode=distill", f"--teacher={tuned}"]
    run(*sized, *flags, f"--checkpoint={placed}", f"--model_dir={student}")
    assert "Only its tower, the encoder, is used" in capsys.readouterr().out
    assert "eval/label_top_1_accuracy" in json.loads(read(student, "result.json"))


@pytest.mark.usefixtures("no_exports")
def test_other_tasks_and_this_one_start_from_each_others_encoders(
    placed, trained_run, sized, tmp_path, capsys
):
    run(*sized, f"--checkpoint={placed}", f"--model_dir={tmp_path / 'simclr'}")
    assert "ckpt-3: encoder.\nOnly its tower" in capsys.readouterr().out
    assert json.loads(read(tmp_path, "simclr", "flags.json"))["proj_head_mode"] == "nonlinear"
    run(*sized, TASK, f"--checkpoint={trained_run}", f"--model_dir={tmp_path / 'placed'}")
    said = capsys.readouterr().out
    assert "ckpt-3: encoder" in said and "tower" not in said


# Bad input


@pytest.fixture
def refused(sized, tmp_path, capsys):
    """Calls main; its one line on stderr. No folder is made for the run."""

    return functools.partial(refusal, capsys, tmp_path / "run", *sized, TASK)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--image_size=16"], "`image_size` is too small for --pretext_task=relative_position"),
        (
            ["--relative_position_patch=.4"],
            "`relative_position_patch` must leave room for the grid",
        ),
        (["--relative_position_patch=.15"], "`image_size` is too small for"),
        (
            ["--image_size=48", "--relative_position_patch=.15"],
            "`train_split` has pictures of 20 pixels, too small for",
        ),
        (["--view_operations=crop,rotate"], "`view_operations` must not have rotate with"),
        (["--view_operations=crop,blur"], "`view_operations` must not have blur with"),
        (["--microbatches=3"], "`microbatches` must divide train_batch_size=4"),
    ],
)
def test_settings_that_cannot_be_are_one_line(refused, flags, message):
    assert message in refused(*flags)


def test_a_run_of_another_task_is_not_gone_on_with(trained_run, sized, tmp_path, capsys):
    folder = shutil.copytree(trained_run, tmp_path / "of_simclr")
    assert main(["tf-simclr", *sized, TASK, "--train_steps=5", f"--model_dir={folder}"]) == 2
    assert "of another architecture: " in capsys.readouterr().err
