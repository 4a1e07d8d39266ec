"""A run's own settings, for a command that names its folder and leaves the rest out."""

from collections.abc import Collection, Mapping
from typing import Any

from tf_simclr.config import Config, flag_fields
from tf_simclr.config.fields import decides
from tf_simclr.workdir import run_folder

# What an evaluation that leaves them out does not take from the run: there they say how it began,
# and on which machine.
OF_COMMAND = {field.name for field in flag_fields() if field.metadata["of_command"]}
# What decides nothing of an evaluation, though its page may show it.
IDLE_WHEN_JUDGING = {field.name for field in flag_fields() if not decides(field, "eval")}


def adopt_settings(config: Config, given: Collection[str] | None = None) -> Config:
    """The config with the settings of the run in its model_dir, but for the flags that were given.

    A command that trains and says on which data, as a recipe does, says all, and is taken as it
    is; one that leaves the data out goes on as the run does, --mode included. One that evaluates
    judges what was trained: it keeps its mode, its name and whether averaged weights are meant. A
    line says what is taken.

    Args:
      config: of the command.
      given: names of the flags that its user set; None takes the config's.

    Returns:
      The config itself where there is no run in its model_dir.

    Raises:
      ValueError: if the run's settings cannot be read, or contradict what was given.
    """
    given = config.given if given is None else given
    goes_on = config.run.trains and "dataset" not in given
    if not (goes_on or config.run.mode == "eval") or not config.run.model_dir:
        return config
    theirs = run_folder.read_settings(config.run.model_dir)
    if theirs is None:
        return config
    ours, values = config.flat(), theirs.flat()
    kept = {*given, "model_dir", *(OF_COMMAND if config.run.mode == "eval" else ())}
    # What would decide in place of a flag that is given: it is at its default here.
    kept |= {n for f in flag_fields() if f.name in given for n in f.metadata["instead_of"]}
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
    """What of a run's settings is not taken where other data is given: where its own lies.

    Args:
      ours: flags of the command, by name.
      theirs: the run's settings.
      given: names of the flags that the user set.
    """
    others = "dataset" in given and ours["dataset"] != theirs.data.dataset
    return {"data_dir": ours["data_dir"]} if others else {}


def changed_for_judging(config: Config, trained: Config) -> str:
    """What an evaluation does otherwise than its run: "image_size is 32 and was 48".

    Args:
      config: of the evaluation.
      trained: the run's own settings.
    """
    idle = {*IDLE_WHEN_JUDGING, *OF_COMMAND}
    return run_folder.changed_settings(config, trained, free=idle)
