"""The command that trains the same run again: its flags written out, and nothing left to choose."""

import shlex
from typing import Any

from tf_simclr.config import Config
from tf_simclr.config.remarks import unused_flags

FOLDER = "image_folder"
# Flags that are chosen by data and machine if they are not given; so they are always written out.
CHOSEN = (
    *("train_batch_size", "image_size", "stem", "view_size", "center_crop"),
    *("resnet_depth", "width_multiplier", "num_proj_layers"),
    *("exemplar_classes", "temperature", "min_crop_area", "color_jitter_strength", "use_blur"),
    *("lineareval_while_pretraining", "optimizer", "learning_rate", "precision", "train_steps"),
    *("warmup_epochs", "steps_per_execution", "checkpoint_steps", "train_summary_steps"),
)
# A flag that is 0 -> the one that decides in its place.
INSTEAD = {"train_steps": "train_epochs", "checkpoint_steps": "checkpoint_epochs"}
OF_COMMAND = ("dry_run", "choose", "train_minutes")  # not of the run


def chooses(config: Config) -> bool:
    """Whether settings that were not given are chosen: pretraining from scratch on a folder."""
    run = config.run
    of_folder = config.data.dataset == FOLDER and not config.finetuning.checkpoint
    return run.choose and run.trains and run.pretrains and of_folder


def repeat_flags(config: Config) -> dict[str, Any]:
    """Flag name -> value: all that a command must give to train the same.

    Args:
      config: of a run, with every choice made.
    """
    values = config.flat()
    flags = {name: v for name, v in config.changed().items() if name not in OF_COMMAND}
    if config.data.dataset == FOLDER and config.run.pretrains and not config.finetuning.checkpoint:
        names = [INSTEAD.get(n, n) if values[n] == 0 else n for n in CHOSEN]
        if config.data.view_operations is not None:
            names.remove("use_blur")
        unused = unused_flags(config)
        names = [name for name in names if name not in unused]
        flags |= {name: values[name] for name in ("mode", "eval_split", *names)}
    return flags


def repeat_command(config: Config, **instead: Any) -> str:
    """The command, quoted for a shell.

    Args:
      config: of a run, with every choice made.
      **instead: values of flags that replace the run's, such as model_dir="RUN"; None leaves one
        out.
    """
    flags = repeat_flags(config) | instead
    words = [f"--{name}={value}" for name, value in flags.items() if value is not None]
    return shlex.join(["tf-simclr", *words])


def folded(command: str, columns: int = 78) -> str:
    """A command over several lines, each ending in a backslash, as a shell takes it.

    Args:
      command: quoted for a shell.
      columns: of a line at most, where its words allow it.
    """
    lines = [""]
    for word in shlex.split(command):
        word = shlex.quote(word)
        if lines[-1] and len(lines[-1]) + len(word) + 3 > columns:
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)
