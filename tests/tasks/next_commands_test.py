"""What to try next: commands that work as they are."""

import shlex

import pytest

from tf_simclr import cli
from tf_simclr.config import Config
from tf_simclr.tasks.next_commands import lines, next_commands

RUN = {"dataset": "image_folder", "data_dir": "/my pictures", "model_dir": "runs/mine"}


@pytest.mark.parametrize(
    ("classes", "labelled", "modes"),
    [
        (5, 100, ["train_then_eval", "embed", "export"]),
        (0, 0, ["train", "embed", "export"]),
        (1, 100, ["train", "embed", "export"]),
    ],
)
def test_three_commands_that_can_be_parsed(classes, labelled, modes):
    found = next_commands(Config.from_flat(RUN), classes=classes, labelled=labelled)
    configs = [cli.parse(shlex.split(command)) for _, command in found]
    assert [config.run.mode for config in configs] == modes
    assert configs[0].run.model_dir != "runs/mine"
    assert all("'--data_dir=/my pictures'" in command for _, command in found[:2])
    told = lines(found)
    assert told[1] == "Try next:" and max(map(len, told)) <= 80


def test_a_classifier_takes_the_runs_size_and_splits():
    config = Config.from_flat({**RUN, "image_size": 48, "eval_split": "held_out"})
    first = next_commands(config, classes=3, labelled=20)[0][1]
    found = cli.parse(shlex.split(first))
    assert (found.run.train_mode, found.finetuning.checkpoint) == ("finetune", "runs/mine")
    assert (found.data.image_size, found.data.eval_split) == (48, "held_out")
    assert found.training.train_batch_size == 20


def test_after_a_classifier_no_pretraining_is_proposed():
    config = Config.from_flat({**RUN, "train_mode": "finetune"})
    found = next_commands(config, classes=3, labelled=20)
    modes = [cli.parse(shlex.split(command)).run.mode for _, command in found]
    assert modes == ["embed", "export", "report"]
