"""What an older version wrote is read, judged, exported and learned from: see old_runs/."""

import json
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import load_encoder
from tf_simclr.config import Config
from tf_simclr.main import main

FOLDER = pathlib.Path(__file__).parent / "old_runs"
RUNS = ("pretrained", "finetuned", "with_memory")
THEN = dict(np.load(FOLDER / "features.npz"))
WRITTEN = {path.parent.name: path.read_text() for path in FOLDER.glob("*/flags.json")}
RECIPES = json.loads((FOLDER / "recipes.json").read_text())
SAME_NETWORK = ("--resnet_depth=18", "--width_multiplier=0.03125", "--proj_out_dim=8")
NEW = (
    *("--dataset=image_folder", "--data_dir=pictures", "--image_size=16", "--model_dir=new"),
    *("--train_batch_size=4", "--train_steps=1", "--optimizer=momentum", "--warmup_epochs=0"),
)
SETTINGS = WRITTEN | {name: json.dumps(recipe) for name, recipe in RECIPES.items()}


@pytest.fixture
def folder(tmp_path, picture_folder, monkeypatch):
    """The working folder of whoever trained them, as their settings speak of it."""
    for name in RUNS:
        shutil.copytree(FOLDER / name, tmp_path / name)
    (tmp_path / "pictures").symlink_to(picture_folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*flags):
    assert main(["tf-simclr", *flags]) == 0


def assert_same(found, name):
    np.testing.assert_allclose(found, THEN[name], rtol=0, atol=1e-6 * np.abs(THEN[name]).max())


def representations(path, **options):
    return load_encoder(str(path), **options)(THEN["images"])["final_avg_pool"]


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_mean_what_they_meant(name):
    values = json.loads(SETTINGS[name])
    now = Config.from_json(SETTINGS[name]).flat()
    assert {flag: now[flag] for flag in values} == values


@pytest.mark.parametrize(
    "path",
    [
        "pretrained",
        "pretrained/ckpt-3",
        "pretrained/hub/3",
        "pretrained/saved_model/3",
        "finetuned",
        "finetuned/hub/3",
        "with_memory",
    ],
)
def test_an_encoder_gives_the_same_representations(path):
    assert_same(representations(FOLDER / path), path.partition("/")[0])


def test_averaged_weights_do_too():
    assert_same(representations(FOLDER / "with_memory", use_ema_weights=True), "averaged")
    assert np.abs(THEN["averaged"] - THEN["with_memory"]).max() > 1e-4  # They are others.


@pytest.mark.parametrize("path", ["pretrained", "finetuned/hub/3"])
def test_it_is_exported_with_both_heads(folder, path):
    run("--mode=export", f"--checkpoint={path}", "--output=exported")
    module = tf.saved_model.load("exported")
    name = path.partition("/")[0]
    assert_same(module(THEN["images"]), name)
    if name == "pretrained":
        assert_same(module.project(THEN["images"]), "projections")
    else:
        assert_same(module.classify(THEN["images"]), "logits")


@pytest.mark.parametrize("name", ["pretrained", "finetuned"])
def test_it_is_judged_as_it_was(folder, name):
    result = folder / name / "result.json"
    then = json.loads(result.read_text())
    result.unlink()
    run("--mode=eval", f"--model_dir={name}")
    now = json.loads(result.read_text())
    numbers = {key: value for key, value in then.items() if isinstance(value, float)}
    assert len(numbers) > 5
    assert {key: now[key] for key in numbers} == pytest.approx(numbers, rel=1e-5)


@pytest.mark.usefixtures("folder", "no_exports")
@pytest.mark.parametrize("path", ["pretrained", "pretrained/hub/3"])
def test_fine_tuning_starts_from_it(capsys, path):
    run(*NEW, *SAME_NETWORK, "--train_mode=finetune", f"--checkpoint={path}")
    said = capsys.readouterr().out
    assert f"Starts from {path}" in said and "encoder, projection_head" in said


@pytest.mark.usefixtures("folder", "no_exports")
@pytest.mark.parametrize("path", ["finetuned", "finetuned/hub/3"])
def test_a_student_learns_from_it(path):
    run(*NEW, *SAME_NETWORK, "--train_mode=distill", f"--teacher={path}")


@pytest.mark.usefixtures("folder", "no_exports")
@pytest.mark.parametrize("name", ["pretrained", "finetuned"])
def test_a_finished_run_is_done(capsys, name):
    run(f"--model_dir={name}")
    said = capsys.readouterr().out
    assert f"Training is done: {name} is at step 3 of 3." in said
    assert "Settings that changed" not in said


@pytest.mark.parametrize(
    ("flags", "step"),
    [(["--model_dir=with_memory"], 2), (["--model_dir=pretrained", "--train_steps=6"], 3)],
)
def test_an_unfinished_run_is_refused_as_its_pictures_came_in_another_order(
    folder, capsys, flags, step
):
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert main(["tf-simclr", *flags]) == 2
    assert f"at step {step}, of order 1; this version has order" in capsys.readouterr().err
    for path, content in before.items():
        assert path.name == ".lock" or path.read_bytes() == content
