"""`tf_simclr.run` does what the command line does, and returns the run."""

import json
import os
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

import tf_simclr
from tf_simclr import cli, running
from tf_simclr.exporting import card
from tf_simclr.running import Run


@pytest.fixture
def flags(tiny_flags):
    """The tiny run's flags, by name; numbers and switches as Python has them."""
    values = dict(flag.removeprefix("--").split("=", 1) for flag in tiny_flags)
    text = {"dataset", "data_dir", "eval_split"}
    return {name: v if name in text else json.loads(v.lower()) for name, v in values.items()}


def test_a_run_is_what_the_command_line_makes(flags, trained_run, tmp_path, capsys):
    """Bit for bit: the fixture's run was trained by the command line."""
    run = tf_simclr.run(**flags, model_dir=str(tmp_path / "run"), checkpoint_steps=1)
    assert (run.folder, run.step) == (str(tmp_path / "run"), 3)
    assert run.results == {}
    ours, theirs = (
        tf.train.load_checkpoint(os.path.join(folder, "ckpt-3"))
        for folder in (run.folder, trained_run)
    )
    for name, shape in ours.get_variable_to_shape_map().items():
        if name.startswith(("encoder/", "projection_head/", "optimizer/")) and shape:
            np.testing.assert_array_equal(ours.get_tensor(name), theirs.get_tensor(name))
    printed = capsys.readouterr().out
    assert "Training steps 1 to 3" in printed and "Exported" in printed


def test_results_encoder_and_export_of_a_run(trained_run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(trained_run, folder)
    run = tf_simclr.run(mode="eval", model_dir=str(folder))
    assert run.results == json.loads((folder / "result.json").read_text())
    assert run.results["global_step"] == run.step == 3
    other = tf_simclr.run(mode="eval", model_dir=str(folder), image_size=24)
    assert other.results["image_size"] == 24 and run.results["image_size"] == 16
    features = run.encoder()(tf.zeros([2, 16, 16, 3]))["final_avg_pool"]
    assert features.shape == [2, 32]
    assert run.classifier().class_names == ("dark", "light")
    written = run.export("saved_model", output=str(tmp_path / "exported"))
    assert written == str(tmp_path / "exported") and card.read(written).format == "saved_model"
    assert pathlib.Path(run.export()).parent.name == "hub"


def test_a_recipe_is_overridden_by_what_is_given(flags, tmp_path):
    recipe = tmp_path / "recipe.cfg"
    data_dir = flags.pop("data_dir")  # As of a recipe for any folder: alone it is no config.
    lines = [f"--{name}={value}" for name, value in flags.items()]
    recipe.write_text("\n".join([*lines, "--train_steps=100000"]))
    ours = {"data_dir": data_dir, "train_steps": 1, "model_dir": str(tmp_path / "run")}
    run = tf_simclr.run(flagfile=str(recipe), **ours)
    assert run.step == 1
    settings = json.loads(pathlib.Path(run.folder, "flags.json").read_text())
    assert settings["train_steps"] == 1 and settings["proj_out_dim"] == flags["proj_out_dim"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"lerning_rate": 1.0}, "Unknown settings: lerning_rate. Did you mean learning_rate?"),
        ({"minute": 1.0}, "Unknown settings: minute. Did you mean train_minutes?"),
        ({"quux": 1.0}, "Unknown settings: quux."),
        ({"recipe": "quickstrat"}, "Received: recipe='quickstrat'. Give --recipe=quickstart or"),
        ({"image_size": "big"}, "`image_size` must be a value of type int"),
        ({"train_mode": "distill"}, "`teacher` must name the teacher to learn from"),
        ({"model_dir": None}, "`model_dir` must name the folder of the run"),
        ({"model_dir": "runs/a*"}, "`model_dir`"),
    ],
)
def test_what_a_user_can_mend_is_a_value_error(flags, tmp_path, wrong, said):
    with pytest.raises(ValueError) as caught:
        tf_simclr.run(**{**flags, "model_dir": str(tmp_path / "run"), **wrong})
    assert said in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_folder_without_a_run_has_no_step(tmp_path):
    assert Run(str(tmp_path), {}).step == 0
    assert Run(None, {}).step == 0
    nowhere = Run(None, {})
    for ask in (nowhere.encoder, nowhere.classifier, nowhere.export):
        with pytest.raises(ValueError, match="`model_dir` must have been given to `run`"):
            ask()


def test_a_recipe_by_its_name_is_overridden_by_a_flagfile_and_both_by_flags(tmp_path):
    (tmp_path / "mine.cfg").write_text("--temperature=0.3\n--seed=5\n")
    written = cli.written_in(str(tmp_path / "mine.cfg"), recipe="quickstart")
    found = running._settings(written, {"seed": 6, "model_dir": "run"})
    assert (found.model.temperature, found.run.seed) == (0.3, 6)
    assert found.data.dataset == "emoji32"
    assert found.typed == {"seed", "model_dir"}


@pytest.mark.parametrize("recipe", ["nothing.cfg", "misspelt.cfg"])
def test_a_recipe_that_cannot_be_read_is_a_value_error(tmp_path, recipe):
    (tmp_path / "misspelt.cfg").write_text("--lerning_rate=1")
    with pytest.raises(ValueError, match="nothing.cfg|lerning_rate"):
        tf_simclr.run(flagfile=str(tmp_path / recipe), model_dir=str(tmp_path / "run"))


def test_a_command_without_a_run_says_what_it_wrote(trained_run, tmp_path):
    checkpoint = os.path.join(trained_run, "ckpt-2")
    output = str(tmp_path / "out")
    run = tf_simclr.run(mode="export", checkpoint=checkpoint, output=output)
    assert (run.folder, run.written, run.results) == (None, output, {})
    assert card.read(output).step == 2
