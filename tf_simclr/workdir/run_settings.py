"""A run's own settings, for a command that names its folder and leaves the rest out."""

from collections.abc import Collection, Mapping
from typing import Any

from tf_simclr.config import Config, flag_fields, replaced_by
from tf_simclr.config.fields import decides
from tf_simclr.config.repeat import chooses
from tf_simclr.workdir import run_folder

# Flags that an evaluation does not take from the run: there they say how it began, and on which
# machine.
OF_COMMAND = {field.name for field in flag_fields() if field.metadata["of_command"]}
# Flags that decide nothing in an evaluation, though its page may show them.
IDLE_WHEN_JUDGING = {field.name for field in flag_fields() if not decides(field, "eval")}


def adopt_settings(config: Config) -> Config:
    """The config, with flags that were not given taken from the run in its model_dir.

    A training command that names its data, as a recipe does, is complete and stays as it is; one
    that does not, or whose settings were chosen, goes on with the run's settings, --mode included.
    An evaluation takes the run's settings, but keeps its own mode, its name and the choice of
    averaged weights. A printed line says what is taken.

    Args:
      config: of the command.

    Returns:
      The config itself where there is no run in its model_dir.

    Raises:
      ValueError: if the run's settings cannot be read, or contradict what was given.
    """
    given = config.given
    goes_on = config.run.trains and ("dataset" not in given or chooses(config))
    if not (goes_on or config.run.mode == "eval") or not config.run.model_dir:
        return config
    theirs = run_folder.read_settings(config.run.model_dir)
    if theirs is None:
        return config
    ours, values = config.flat(), theirs.flat()
    kept = {*given, "model_dir", *(OF_COMMAND if config.run.mode == "eval" else ())}
    # Flags that would decide in place of a given one: they keep their defaults.
    kept |= replaced_by(given)
    values |= {name: ours[name] for name in kept}
    values |= without_own_place(ours, theirs, given)
    idle = IDLE_WHEN_JUDGING if config.run.mode == "eval" else ()
    taken = {n: value for n, value in values.items() if value != ours[n] and n not in idle}
    if taken:
        flags = " ".join(f"--{name}={value}" for name, value in sorted(taken.items()))
        print(f"From the settings of {config.run.model_dir}: {flags}")
    return config.replaced(values)


def without_own_place(
    ours: Mapping[str, Any], theirs: Config, given: Collection[str]
) -> dict[str, Any]:
    """The command's data_dir, by name, if it gives another dataset than the run's; else {}.

    Args:
      ours: flags of the command, by name.
      theirs: the run's settings.
      given: names of the flags that the user set.
    """
    others = "dataset" in given and ours["dataset"] != theirs.data.dataset
    return {"data_dir": ours["data_dir"]} if others else {}


def changed_for_judging(config: Config, trained: Config) -> str:
    """How an evaluation's settings differ from its run's: "image_size is 32 and was 48".

    Args:
      config: of the evaluation.
      trained: the run's own settings.
    """
    idle = {*IDLE_WHEN_JUDGING, *OF_COMMAND}
    return run_folder.changed_settings(config, trained, free=idle)
