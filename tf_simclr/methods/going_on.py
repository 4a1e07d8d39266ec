"""Whether a run can resume in its folder: with the same network and the same optimiser state."""

from collections.abc import Callable
from typing import Any

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.architectures.head import layer_read
from tf_simclr.config import Config
from tf_simclr.config.remarks import idle_flags
from tf_simclr.config.repeat import OF_COMMAND
from tf_simclr.methods import method_of
from tf_simclr.workdir import run_folder


def check_owner(config: Config, report: Callable[[str], None] = print) -> None:
    """Checks which run the folder belongs to, and reports changed settings. Writes nothing.

    Args:
      config: of the run, with its model_dir.
      report: gets one line if settings have changed.

    Raises:
      ValueError: if it belongs to a run that cannot be resumed with this config.
    """
    model_dir = run_folder.require_model_dir(config)
    theirs = run_folder.read_settings(model_dir)
    if theirs is None:
        return
    check_architecture(config, theirs, model_dir)
    different = differing_state(config, theirs)
    if different:
        raise ValueError(
            f"`model_dir` belongs to a run that trains differently: {run_folder.said(different)}."
            f" Received: {model_dir=}. Give the same flags, or another folder."
        )
    # The folder and the command's mode are not settings of the run.
    # A flag that has no effect in either is not worth a line.
    idle = idle_flags(config).keys() & idle_flags(theirs).keys()
    changed = run_folder.changed_settings(
        config, theirs, free={"mode", "model_dir", *OF_COMMAND, *idle}
    )
    if changed:
        report(f"Settings that changed since this run was started: {changed}.")


def check_architecture(ours: Config, theirs: Config, folder: str) -> None:
    """Raises ValueError, naming the flags that differ, if weights of one do not fit the other."""
    different = differing(ours, theirs)
    if different:
        raise ValueError(
            f"`model_dir` belongs to a run of another architecture: {run_folder.said(different)}."
            f" Received: model_dir={folder!r}. Give the same flags, or another folder."
        )


def differing(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings by which weights do not fit a run: name -> (ours, theirs).

    Args:
      ours: settings of the run.
      theirs: settings that the weights were trained with.
    """
    made, other = (architecture_of(config.flat()) for config in (ours, theirs))
    names = ["train_mode", "pretext_task", *method_of(ours).shape_flags]
    classify = all(method_of(config).has_classifier(config) for config in (ours, theirs))
    if classify and layer_read(ours.flat()) != layer_read(theirs.flat()):
        # -1 and a number may mean the same layer, so the flags alone would not tell.
        names += ["classify_pyramid", "ft_proj_selector"]
    return _differing(ours, theirs, names) | made.misfits(other)


def differing_state(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings of optimiser and trained variables that differ: name -> (ours, theirs).

    A checkpoint holds the optimiser's slots for these variables.
    """
    return _differing(ours, theirs, ["optimizer", *method_of(theirs).state_flags])


def _differing(ours: Config, theirs: Config, names: list[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (ours.flat()[name], theirs.flat()[name]) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
