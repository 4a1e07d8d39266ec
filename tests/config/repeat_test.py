"""The command that repeats a run has all that could be chosen, and is quoted for a shell."""

import shlex

from tf_simclr import cli
from tf_simclr.config import Config
from tf_simclr.config.repeat import CHOSEN, folded, repeat_command, repeat_flags

RUN = {"dataset": "image_folder", "data_dir": "/my pictures", "model_dir": "it's mine"}


def parsed(config, **instead):
    return cli.parse(shlex.split(repeat_command(config, **instead)))


def test_it_gives_the_same_run_and_leaves_nothing_to_choose():
    config = Config.from_flat({**RUN, "train_steps": 7, "use_blur": False, "train_minutes": 0.0})
    assert parsed(config) == config
    assert set(CHOSEN) - {"checkpoint_steps", "exemplar_classes"} <= parsed(config).given
    assert "checkpoint_epochs" in parsed(config).given


def test_a_number_of_classes_that_was_chosen_is_written_out():
    config = Config.from_flat({**RUN, "pretext_task": "exemplar", "train_steps": 7})
    assert "exemplar_classes" in parsed(config).given and parsed(config) == config


def test_a_length_in_epochs_stays_one():
    flags = repeat_flags(Config.from_flat({**RUN, "train_epochs": 3.0}))
    assert flags["train_epochs"] == 3.0 and "train_steps" not in flags


def test_given_operations_say_whether_views_are_blurred():
    config = Config.from_flat({**RUN, "view_operations": "crop,blur", "train_steps": 1})
    assert parsed(config) == config


def test_other_runs_are_what_differs_from_the_defaults():
    config = Config.from_flat({"dataset": "emoji32", "model_dir": "a", "dry_run": True})
    assert repeat_command(config) == "tf-simclr --model_dir=a --dataset=emoji32"
    assert repeat_command(config, model_dir=None) == "tf-simclr --dataset=emoji32"


def test_a_long_command_is_folded_as_a_shell_takes_it():
    command = repeat_command(Config.from_flat(RUN))
    lines = folded(command).split("\n")
    assert len(lines) > 3 and max(map(len, lines)) <= 80
    assert shlex.split(folded(command).replace("\\\n", "")) == shlex.split(command)
