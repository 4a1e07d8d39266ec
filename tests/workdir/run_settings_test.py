"""A command that only names a run's folder uses the run's settings."""

import pytest

from tf_simclr.config import Config
from tf_simclr.workdir.run_settings import adopt_settings, changed_for_judging

RUN = {
    "dataset": "emoji32",
    "data_dir": "/prepared",
    "image_size": 48,
    "train_steps": 30,
    "label_fraction": 0.5,
    "extra_augmentation": "rotate",
    "mode": "train_then_eval",
    "use_ema_weights": True,
    "checkpoint": "start",
    "use_tpu": True,
    "tpu_name": "grpc://theirs",
}


@pytest.fixture
def command(tmp_path):
    """Takes the flags that a user gives; returns the config that is used."""
    (tmp_path / "flags.json").write_text(Config.from_flat(RUN).to_json())

    def adopted(**flags):
        config = Config.from_flat(flags | {"model_dir": str(tmp_path)}, given=flags)
        return adopt_settings(config).flat()

    return adopted


def test_going_on_takes_all_and_says_what(command, capsys, tmp_path):
    assert {name: command()[name] for name in RUN} == RUN
    line = capsys.readouterr().out
    assert line.startswith(f"From the settings of {tmp_path}: --checkpoint=start --data_dir=/prep")
    assert "--mode=train_then_eval" in line and "learning_rate" not in line


def test_evaluation_keeps_its_mode_and_its_weights(command, capsys):
    found = command(mode="eval")
    assert (found["mode"], found["image_size"], found["use_ema_weights"]) == ("eval", 48, False)
    assert command(mode="eval", use_ema_weights=True)["use_ema_weights"]
    assert "train_steps" not in capsys.readouterr().out  # Nothing is trained.


def test_evaluation_runs_on_the_machine_that_its_own_flags_name(command, capsys):
    found = command(mode="eval")
    assert (found["use_tpu"], found["tpu_name"]) == (False, None)
    found = command(mode="eval", use_tpu=True)
    assert (found["use_tpu"], found["tpu_name"]) == (True, None)
    assert "tpu" not in capsys.readouterr().out


def test_what_is_given_is_obeyed_even_at_its_default(command):
    assert command(mode="eval", image_size=224)["image_size"] == 224
    assert command(mode="train")["mode"] == "train"


def test_other_data_are_not_looked_for_where_the_runs_own_lie(command):
    assert command(mode="eval")["data_dir"] == "/prepared"
    assert command(mode="eval", dataset="mnist")["data_dir"] is None
    assert command(mode="eval", dataset="mnist", data_dir="/there")["data_dir"] == "/there"


@pytest.mark.parametrize(
    ("given", "back"),
    [
        ({"labels_per_class": 2}, {"label_fraction": 1.0}),
        ({"train_epochs": 7}, {"train_steps": 0}),
        ({"train_steps": 9}, {"train_epochs": 100}),
        ({"view_operations": "crop,gray"}, {"extra_augmentation": "none"}),
    ],
)
def test_what_would_decide_in_its_place_goes_back(command, given, back):
    found = command(**given)
    assert {name: found[name] for name in given | back} == given | back


def test_a_whole_command_that_trains_is_taken_as_it_is(command):
    whole = command(dataset="emoji32", train_steps=40)
    assert (whole["train_steps"], whole["label_fraction"], whole["image_size"]) == (40, 1.0, 224)
    assert command(mode="eval", dataset="emoji32")["image_size"] == 48


def test_it_is_the_same_a_second_time_and_silent(tmp_path, command, capsys):
    once = Config.from_flat(command(mode="eval", image_size=32), given={"mode", "image_size"})
    capsys.readouterr()
    again = adopt_settings(once)
    assert again == once
    assert again.given == once.given  # The run's settings were not set by the user.
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("mode", ["export", "embed"])
def test_commands_that_hand_out_go_their_own_way(command, mode):
    assert command(mode=mode)["image_size"] == 224


def test_without_a_run_the_flags_are_all(tmp_path):
    config = Config.from_flat({"model_dir": str(tmp_path / "none"), "image_size": 32})
    assert adopt_settings(config) is config


def test_what_differs_for_an_evaluation_is_said():
    run = Config.from_flat(RUN)
    other = Config.from_flat(RUN | {"image_size": 32, "learning_rate": 1.0, "mode": "eval"})
    assert changed_for_judging(other, run) == "image_size is 32 and was 48"
    assert changed_for_judging(run, run) == ""
