"""Supervised training and distillation by the command line, from the teacher to the student's own
pupils: three steps of very small networks each."""

import functools
import json
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from whole_runs import assert_went_on_bit_for_bit, refusal, run, weights

from tf_simclr.workdir.summaries import read_scalars

OF_LABELS = {"eval/label_top_1_accuracy", "eval/label_top_5_accuracy"}


def result(folder):
    with open(os.path.join(folder, "result.json")) as file:
        return json.load(file)


def page(folder):
    with open(os.path.join(folder, "report.html")) as file:
        return file.read()


def logits_of(folder, step=3):
    """What an export says of four pictures of noise."""
    images = tf.constant(np.random.default_rng(0).random((4, 16, 16, 3), np.float32))
    export = tf.saved_model.load(os.path.join(folder, "hub", str(step)))
    return export.signatures["classify"](images=images)["logits"]


@pytest.fixture(scope="module")
def supervised(tiny_flags, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("supervised"))
    flags = ["--mode=train_then_eval", "--train_mode=supervised", "--optimizer=momentum"]
    run(*tiny_flags, *flags, f"--model_dir={folder}")
    return folder


@pytest.fixture(scope="module")
def distill_flags(tiny_flags):
    return [*tiny_flags, "--train_mode=distill", "--optimizer=momentum", "--learning_rate=1"]


@pytest.fixture(scope="module")
def student_flags(distill_flags, supervised):
    flags = [f"--teacher={supervised}", "--resnet_depth=18", "--width_multiplier=0.125"]
    return [*distill_flags, *flags, "--checkpoint_steps=1", "--distill_temperature=0.5"]


@pytest.fixture(scope="module")
def student(student_flags, tmp_path_factory):
    """Of another architecture than its teacher, with labels that it does not learn from."""
    folder = str(tmp_path_factory.mktemp("student"))
    run("--mode=train_then_eval", *student_flags, f"--model_dir={folder}")
    return folder


@pytest.fixture(scope="module")
def unlabelled(picture_folder, tmp_path_factory):
    """The same pictures, not in folders of classes."""
    folder = tmp_path_factory.mktemp("unlabelled")
    for split in ("train", "test"):
        (folder / split).mkdir()
        for kind in ("dark", "light"):
            for name in os.listdir(os.path.join(picture_folder, split, kind)):
                source = os.path.join(picture_folder, split, kind, name)
                shutil.copy(source, folder / split / f"{kind}_{name}")
    return str(folder)


def test_supervised_training_is_judged_shown_and_exported(supervised):
    found = result(supervised)
    assert set(found) > OF_LABELS and found["global_step"] == 3
    scalars = read_scalars(supervised)
    assert scalars["train/supervised_loss"][0].tolist() == [1, 2, 3]
    assert "train/distill_loss" not in scalars
    assert "Supervised loss" in page(supervised)
    assert logits_of(supervised).shape == (4, 2)


def test_a_student_is_judged_shown_and_exported(student):
    found = result(student)
    assert set(found) > OF_LABELS and found["global_step"] == 3
    scalars = read_scalars(student)
    for name in ("distill_loss", "teacher_agreement", "supervised_loss", "supervised_acc"):
        assert scalars[f"train/{name}"][0].tolist() == [1, 2, 3]
    # With alpha 1 the loss is only distillation and weight decay.
    total = scalars["train/distill_loss"][1] + scalars["train/weight_decay"][1]
    np.testing.assert_allclose(scalars["train/total_loss"][1], total, rtol=1e-6)
    assert all(0 <= share <= 1 for share in scalars["train/teacher_agreement"][1])
    assert "Distillation loss" in page(student)
    assert logits_of(student).shape == (4, 2)
    with open(os.path.join(student, "hub", "3", "README.md")) as file:
        card = file.read()
    assert "from a teacher" in card and "ResNet-18" in card


def test_what_is_saved_is_the_student_alone(student, student_flags, supervised):
    # A supervised run's names are those of the encoder, the heads and the optimiser.
    def parts(folder):
        return {key.partition("/")[0] for key in weights(folder, 3)}

    assert parts(student) == parts(supervised)
    reader = tf.train.load_checkpoint(os.path.join(student, "ckpt-3"))
    stem = [v for k, v in reader.get_variable_to_shape_map().items() if k.startswith("encoder/")]
    assert [3, 3, 3, 8] in stem and [3, 3, 3, 4] not in stem  # Twice the teacher's width.


@pytest.mark.usefixtures("no_exports")
def test_a_student_in_parts_goes_on_bit_for_bit(student, student_flags, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(student, broken)
    for path in broken.glob("ckpt-3*"):
        path.unlink()
    run(*student_flags, f"--model_dir={broken}")
    assert_went_on_bit_for_bit(student, broken)


@pytest.mark.usefixtures("no_exports")
def test_a_student_is_started_from(student, tiny_flags, tmp_path):
    """Linear evaluation leaves the student's encoder as it is."""
    others = [flag for flag in tiny_flags if "depth" not in flag and "width" not in flag]
    flags = ["--train_mode=finetune", "--fine_tune_after_block=4", f"--checkpoint={student}"]
    run(*others, *flags, f"--model_dir={tmp_path}")
    expected, found = weights(student, 3), weights(tmp_path, 3)
    encoder = [key for key in expected if key.startswith("encoder/")]
    encoder = [key for key in encoder if "OPTIMIZER_SLOT" not in key]
    assert len(encoder) > 100
    for key in encoder:
        np.testing.assert_array_equal(found[key], expected[key], err_msg=key)


def test_self_distillation_with_labels_starts_from_its_teacher(distill_flags, supervised, tmp_path):
    flags = ["--mode=train_then_eval", "--distill_alpha=0.5", "--learning_rate_scaling=sqrt"]
    flags += [f"--teacher={supervised}", f"--checkpoint={supervised}", "--steps_per_execution=2"]
    run(*distill_flags, *flags, f"--model_dir={tmp_path}")
    scalars = {name: values for name, (_, values) in read_scalars(str(tmp_path)).items()}
    mixed = (scalars["train/distill_loss"] + scalars["train/supervised_loss"]) / 2
    total = mixed + scalars["train/weight_decay"]
    np.testing.assert_allclose(scalars["train/total_loss"], total, rtol=1e-6)
    assert set(result(tmp_path)) > OF_LABELS
    before, after = logits_of(supervised), logits_of(tmp_path)
    assert np.abs(after - before).max() > 1e-5


@pytest.mark.parametrize("precision", ["float32", "mixed_float16"])
def test_pictures_without_labels_are_enough(
    distill_flags, supervised, unlabelled, tmp_path, capsys, precision
):
    flags = [f"--teacher={supervised}/hub/3", f"--data_dir={unlabelled}"]
    flags += ["--mode=train_then_eval", f"--precision={precision}", f"--model_dir={tmp_path}"]
    run(*distill_flags, *flags)
    assert "has no effect" not in capsys.readouterr().out
    assert logits_of(tmp_path).shape == (4, 2)  # The teacher's classes.
    assert not any(key.startswith("eval/") or "top" in key for key in result(tmp_path))
    scalars = read_scalars(str(tmp_path))
    assert scalars["train/distill_loss"][0].tolist() == [1, 2, 3]
    assert not [name for name in scalars if "supervised" in name]


# Bad input


@pytest.fixture
def refused(distill_flags, tmp_path, capsys):
    """Calls main; its one line on stderr. No folder is made for the run."""

    return functools.partial(refusal, capsys, tmp_path / "run", *distill_flags)


def test_no_teacher(refused):
    assert "`teacher` must name the teacher to learn from" in refused()


def test_a_teacher_that_is_not_there(refused, tmp_path):
    assert "where there is none" in refused(f"--teacher={tmp_path}/missing")


def test_a_teacher_without_logits(refused, tmp_path):
    spec = tf.TensorSpec([None, 16, 16, 3], tf.float32)
    features = tf.function(lambda x: {"a": x[:, 0, 0], "b": x[:, 0, 1]}, input_signature=[spec])
    module = str(tmp_path / "features")
    tf.saved_model.save(tf.Module(), module, signatures={"serving_default": features})
    assert "`teacher` must give class logits" in refused(f"--teacher={module}")


def test_a_teacher_of_other_classes(refused, supervised, picture_folder, tmp_path):
    more = shutil.copytree(picture_folder, tmp_path / "more")
    for split in ("train", "test"):
        (more / split / "third").mkdir()
        Image.new("RGB", (20, 20)).save(more / split / "third" / "0.png")
    line = refused(f"--teacher={supervised}", f"--data_dir={more}")
    assert "knows 2 classes (dark, light), and the data has 3 classes (dark, light, third)" in line


def test_labels_that_are_asked_for_and_missing(refused, supervised, unlabelled):
    flags = [f"--teacher={supervised}", f"--data_dir={unlabelled}", "--distill_alpha=0.9"]
    line = refused(*flags)
    assert "`train_mode` distill needs labels" in line and "--distill_alpha=1" in line


@pytest.mark.parametrize("flag", ["--distill_alpha=1.5", "--distill_temperature=0"])
def test_numbers_out_of_range(refused, supervised, flag):
    name = flag.removeprefix("--").partition("=")[0]
    assert f"`{name}` must be" in refused(f"--teacher={supervised}", flag)
