"""Whether a run can go on in its folder: with the same network, and the same state of training."""

from collections.abc import Callable
from typing import Any

from tf_simclr.config import Config
from tf_simclr.config.model import ModelConfig
from tf_simclr.methods import method_of
from tf_simclr.workdir import run_folder


def check_owner(config: Config, report: Callable[[str], None] = print) -> None:
    """Checks whose folder it is, and reports the settings that changed. Writes nothing.

    Raises:
      ValueError: if it belongs to a run whose checkpoints cannot be gone on from.
    """
    model_dir = run_folder.require_model_dir(config)
    theirs = run_folder.read_settings(model_dir)
    if theirs is None:
        return
    check_architecture(config, theirs, model_dir)
    _check_state(config, theirs, model_dir)
    # Where the run lies and what is done with it are not settings of the run.
    changed = run_folder.changed_settings(config, theirs, free={"mode", "model_dir"})
    if changed:
        report(f"Settings that changed since this run was started: {changed}.")


def check_architecture(ours: Config, theirs: Config, folder: str) -> None:
    """Raises ValueError, naming the flags that differ, if weights cannot pass between the two."""
    different = differing_architecture(ours, theirs)
    if different:
        raise ValueError(
            "`model_dir` belongs to a run of another architecture:"
            f" {run_folder.said_changes(different)}. Received: model_dir={folder!r}. Give the same"
            " flags, or another folder."
        )


def _check_state(ours: Config, theirs: Config, folder: str) -> None:
    different = differing_state(ours, theirs)
    if different:
        raise ValueError(
            f"`model_dir` belongs to a run that trains other weights, or otherwise:"
            f" {run_folder.said_changes(different)}. Received: model_dir={folder!r}."
            " Give the same flags, or another folder."
        )


def differing_architecture(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings that decide the shape of the weights and differ: name -> (ours, theirs)."""
    names = ["train_mode", "pretext_task", *ModelConfig.ARCHITECTURE]
    kinds = {ours.model.proj_head_mode, theirs.model.proj_head_mode}
    if kinds != {"nonlinear"}:
        names.remove("num_proj_layers")  # Else it decides nothing, or the kind says it all.
    if "none" in kinds:
        names.remove("proj_out_dim")
    classify = all(method_of(config).has_classifier(config) for config in (ours, theirs))
    if classify and ours.reads_layer != theirs.reads_layer:
        names.append("ft_proj_selector")  # Unless -1 is another name of the same layer.
    different = _differing(ours, theirs, names)
    small = ours.data.image_size <= 32, theirs.data.image_size <= 32  # They have another stem.
    if small[0] != small[1]:
        different["image_size <= 32"] = small
    return different


def differing_state(ours: Config, theirs: Config) -> dict[str, tuple[Any, Any]]:
    """Settings that decide what a checkpoint holds and differ: name -> (ours, theirs).

    Besides the architecture: which variables train, and by what, for the optimiser's slots.
    """
    names = ["optimizer", *method_of(theirs).state_flags]
    return differing_architecture(ours, theirs) | _differing(ours, theirs, names)


def _differing(ours: Config, theirs: Config, names: list[str]) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (ours.flat()[name], theirs.flat()[name]) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
