"""Exemplars by the command line, from pretraining to a student: three steps each."""

import functools
import json
import shutil

import numpy as np
import pytest
from whole_runs import assert_went_on_bit_for_bit, read, refusal, run, run_and_record, weights

from tf_simclr import load_encoder
from tf_simclr.main import main
from tf_simclr.workdir.summaries import read_scalars

CLASSES = 12


@pytest.fixture(scope="module")
def exemplar_flags(tiny_flags):
    flags = ["--pretext_task=exemplar", f"--exemplar_classes={CLASSES}", "--checkpoint_steps=1"]
    return [*tiny_flags, *flags, "--microbatches=2"]


@pytest.fixture(scope="module")
def printed():
    return []


@pytest.fixture(scope="module")
def exemplars(exemplar_flags, tmp_path_factory, printed):
    """The folder of a run, with what it printed in `printed`."""
    folder = str(tmp_path_factory.mktemp("of_patches"))
    printed += run_and_record(*exemplar_flags, "--mode=train_then_eval", f"--model_dir={folder}")
    return folder


def test_a_run_is_judged_shown_and_exported(exemplars, printed):
    result, scalars = json.loads(read(exemplars, "result.json")), read_scalars(exemplars)
    assert 0 <= result["eval/exemplar_accuracy"] <= 1
    assert result["eval/exemplar_chance"] == 1 / CLASSES
    assert {"linear_probe_top1", "knn_top1", "rankme"} <= set(result)
    for name in ("exemplar_loss", "exemplar_acc"):
        assert scalars[f"train/{name}"][0].tolist() == [1, 2, 3]
    said = "\n".join(printed)
    assert "16 pictures, pretrain" in said
    assert f"batch 4, copies of {CLASSES} patches, made on the host." in said
    share = f"{100 * result['eval/exemplar_accuracy']:.1f} %"
    assert f"Exemplar accuracy on new copies of patches: {share} (chance 1 in {CLASSES})" in said
    features = load_encoder(exemplars)(np.zeros([2, 16, 16, 3], np.float32))["final_avg_pool"]
    assert features.shape == (2, 32)
    assert len(json.loads(read(exemplars, "seed_patches.json"))["patches"]) == CLASSES
    kernel = "exemplar_head/kernel0/.ATTRIBUTES/VARIABLE_VALUE"
    assert weights(exemplars, 3)[kernel].shape == (8, CLASSES)


def test_page_and_card_speak_of_patches(exemplars, printed):
    page, card = read(exemplars, "report.html"), read(exemplars, "hub", 3, "README.md")
    for part in ("Exemplar prediction on pictures", "Patches and their copies", "12 copies of it"):
        assert part in page
    assert page.count('class="card strip long"') == 6
    assert "<h3>Exemplar accuracy</h3>" in page and "By chance" in page
    assert card.startswith("# Exemplar prediction encoder: ResNet-10 x 0.0625\n")
    assert "by telling copies of patches apart." in card
    for text in (page, card, "\n".join(printed)):
        for word in ("ontrastive", "emperature", "two random views", "otation", "probe alongs"):
            assert word not in text


@pytest.mark.usefixtures("no_exports")
def test_a_killed_run_goes_on_bit_for_bit(exemplars, exemplar_flags, tmp_path):
    """With the patches that it began with, whatever the seed says."""
    broken = tmp_path / "broken"
    shutil.copytree(exemplars, broken, ignore=shutil.ignore_patterns("ckpt-3*"))
    run(*exemplar_flags, f"--model_dir={broken}")
    assert_went_on_bit_for_bit(exemplars, broken)
    assert read(broken, "seed_patches.json") == read(exemplars, "seed_patches.json")


def test_a_classifier_and_its_student_start_from_it(exemplars, tiny_flags, tmp_path, capsys):
    tuned, student = tmp_path / "tuned", tmp_path / "student"
    flags = ["--train_mode=finetune", f"--checkpoint={exemplars}", "--ft_proj_selector=1"]
    run(*tiny_flags, *flags, "--optimizer=momentum", f"--model_dir={tuned}")
    assert "ckpt-3: encoder, projection_head." in capsys.readouterr().out
    flags = ["--mode=train_then_eval", "--train_mode=distill", f"--teacher={tuned}"]
    run(*tiny_flags, *flags, f"--model_dir={student}")
    assert "eval/label_top_1_accuracy" in json.loads(read(student, "result.json"))
    assert "xemplar" not in capsys.readouterr().out


def test_other_pictures_have_none_of_its_patches(exemplars, tmp_path, capsys):
    copied, pictures = tmp_path / "run", tmp_path / "pictures"
    shutil.copytree(exemplars, copied)
    data = json.loads(read(exemplars, "flags.json"))["data_dir"]
    shutil.copytree(data, pictures, ignore=shutil.ignore_patterns("0.png"))
    kept = read(copied, "seed_patches.json")
    flags = [f"--model_dir={copied}", f"--data_dir={pictures}", "--eval_name=other"]
    run("--mode=eval", "--dataset=image_folder", *flags)
    out = capsys.readouterr().out
    assert "No exemplar accuracy: the run's patches were cut from other pictures." in out
    assert "eval/exemplar_accuracy" not in json.loads(read(copied, "result_other.json"))
    assert "Patches and their copies" not in read(copied, "report_other.html")
    assert read(copied, "seed_patches.json") == kept


# Bad input


@pytest.fixture
def refused(exemplar_flags, tmp_path, capsys):
    """Calls main; its one line on stderr. No folder is made for the run."""

    return functools.partial(refusal, capsys, tmp_path / "run", *exemplar_flags)


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (
            ["--exemplar_classes=300"],
            "`exemplar_classes` must not be more than the patches that can be cut: the 16 pictures"
            " in 'train' of image_folder have 16 each, 256 together. Received:"
            " exemplar_classes=300. Give fewer, or more pictures.",
        ),
        (["--exemplar_classes=1"], "`exemplar_classes` must be at least 2. Received"),
        (["--exemplar_classes=many"], "exemplar_classes"),
        (
            ["--train_batch_size=16"],
            "`train_batch_size` must not be larger than exemplar_classes=12, the patches of an"
            " epoch. Received: train_batch_size=16.",
        ),
        (["--microbatches=3"], "`microbatches` must divide train_batch_size=4"),
    ],
)
def test_bad_input_is_one_line(refused, flags, message):
    assert message in refused(*flags)


def bad_copy(exemplars, folder, *left_out):
    shutil.copytree(exemplars, folder, ignore=shutil.ignore_patterns("ckpt-3*", *left_out))
    return folder


def test_a_run_that_cannot_go_on_says_why(exemplars, exemplar_flags, tmp_path, capsys):
    def error(folder, *flags):
        capsys.readouterr()
        assert main(["tf-simclr", *exemplar_flags, f"--model_dir={folder}", *map(str, flags)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        return line

    without = bad_copy(exemplars, tmp_path / "without", "seed_patches.json")
    before = read(without, "flags.json")
    assert "must hold a readable seed_patches.json for a run to go on" in error(without)
    assert read(without, "flags.json") == before
    other = bad_copy(exemplars, tmp_path / "other")
    line = error(other, "--exemplar_classes=13")
    assert "a run of another architecture: exemplar_classes is 13 and was 12." in line
    assert "exemplar_classes is 13 and was 12." in error(
        exemplars, "--mode=eval", "--exemplar_classes=13"
    )
    data = json.loads(before)["data_dir"]
    shutil.copytree(data, tmp_path / "fewer")
    gone = json.loads(read(other, "seed_patches.json"))["patches"][0][0]
    (tmp_path / "fewer" / gone).unlink()
    line = error(other, f"--data_dir={tmp_path / 'fewer'}")
    assert "must not hold a run whose classes are patches of pictures that are gone." in line
    assert f"names 1 that are not in 'train' of image_folder: {gone}. Restore them" in line


@pytest.mark.usefixtures("no_exports")
def test_flags_of_views_are_named_that_have_no_effect(exemplar_flags, tmp_path, capsys):
    flags = ["--view_operations=crop,flip", "--color_jitter_strength=0.5", "--min_crop_area=0.5"]
    run(*exemplar_flags, *flags, "--train_steps=1", f"--model_dir={tmp_path}")
    lines = capsys.readouterr().out.splitlines()
    line = next(line for line in lines if "no effect with --pretext_task" in line)
    for flag in ("view_operations", "color_jitter_strength", "min_crop_area"):
        assert f"--{flag}" in line
    assert "with --pretext_task=exemplar, which makes copies of patches" in line
    settings = json.loads(read(tmp_path, "flags.json"))
    assert settings["view_operations"] is None and settings["color_jitter_strength"] == 1.0
