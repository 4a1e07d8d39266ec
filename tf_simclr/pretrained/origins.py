"""The checkpoint that a run starts from, and the architecture that the run takes from it."""

import dataclasses
from collections.abc import Collection

from tf_simclr import things
from tf_simclr.architectures.architecture import Architecture, architecture_of
from tf_simclr.architectures.head import Misfits
from tf_simclr.config import Config, choices
from tf_simclr.config.remarks import idle_flags
from tf_simclr.pretrained.checkpoint import Checkpoint
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.pretrained.find import find
from tf_simclr.pretrained.own import open_own
from tf_simclr.pretrained.released import open_released
from tf_simclr.pretrained.variable_schema import restored_parts


def open_checkpoint(path: str, *, averaged: bool = False) -> Checkpoint:
    """Opens the checkpoint at `path`, without reading its weights.

    Args:
      path: of a run, a checkpoint, an export or a released model, as `find` takes it.
      averaged: use the averaged weights, of a released checkpoint or a run with a memory.

    Raises:
      ValueError: if there is none, it is damaged or incomplete, or has no averaged weights.
    """
    prefix = find(path)
    contents = CheckpointContents(prefix)
    opened = open_own if "encoder" in contents.parts() else open_released
    return opened(path, prefix, contents, averaged=averaged)


def origin_of(config: Config) -> Checkpoint | None:
    """The checkpoint that a run starts from, or None. Raises like `open_checkpoint`."""
    path = config.finetuning.checkpoint
    if not path or config.run.mode == "eval":
        return None
    return open_checkpoint(path, averaged=config.finetuning.use_ema_weights)


def adopt_architecture(config: Config, origin: Checkpoint | None) -> Config:
    """The config with the architecture of its checkpoint, except for flags that were given.

    Args:
      config: of a run.
      origin: checkpoint of the config; None leaves the config as it is.

    Raises:
      ValueError: if a flag that was given contradicts the weights, or like `check_flags`.
    """
    if origin is None:
        check_flags(config)
        return config
    # Differs from the original: there users must repeat these flags.
    different = require_fit(config, origin, wanted_architecture(config, origin), config.given)
    layer = origin.fine_tuned_from
    if layer and not config.run.pretrains and "ft_proj_selector" not in config.given:
        different["ft_proj_selector"] = (0, layer)
    adopted = {name: theirs for name, (_, theirs) in different.items()}
    if adopted:
        flags = ", ".join(f"--{name}={value}" for name, value in adopted.items())
        print(f"From {origin.path}: {flags}.")
    config = config.replaced(adopted)
    check_flags(config)
    return config


def check_flags(config: Config) -> None:
    """Checks flags that depend on the kind of encoder.

    Args:
      config: of a command.

    Raises:
      ValueError: for a flag of another architecture, or more groups to freeze than there are.
    """
    ours, values = architecture_of(config.flat()), config.flat()
    for word in choices.ARCHITECTURES:
        theirs = things.load("architectures", word).flags()
        for name in config.given:
            if name in theirs and name not in ours.flags():
                raise ValueError(
                    f"`{name}` is a flag of --architecture={word}. Received:"
                    f" {name}={values[name]!r}, architecture={ours.word!r}. Leave it out."
                )
    block = config.finetuning.fine_tune_after_block
    if block > ours.groups and "fine_tune_after_block" not in idle_flags(config):
        raise ValueError(
            f"`fine_tune_after_block` must be from -1 to {ours.groups}. Received:"
            f" fine_tune_after_block={block}."
        )


def require_fit(
    config: Config, origin: Checkpoint, theirs: Architecture | None, given: Collection[str]
) -> Misfits:
    """Flags of a run by which weights do not fit: name -> (ours, theirs).

    Args:
      config: of the run.
      origin: checkpoint with the weights.
      theirs: architecture of the weights; None if not known.
      given: flags that must agree. If --architecture is not one of them, the others are compared as
        if it agreed.

    Raises:
      ValueError: if one of these flags does not agree; says what was found.
    """
    if theirs is None:
        return {}
    values = config.flat()
    different = architecture_of(values).misfits(theirs)
    if "architecture" in different and "architecture" not in given:
        different |= architecture_of(values | {"architecture": theirs.word}).misfits(theirs)
    wrong = {name: pair for name, pair in different.items() if name in given}
    if wrong:
        received = ", ".join(f"{name}={ours!r}" for name, (ours, _) in wrong.items())
        give = " ".join(f"--{name}={value}" for name, (_, value) in wrong.items())
        raise ValueError(
            f"`checkpoint` does not fit this architecture: found {theirs.describe()}. Received:"
            f" checkpoint={origin.path!r}, {received}. Give {give}, or leave these flags out."
        )
    return different


def wanted_architecture(config: Config, origin: Checkpoint) -> Architecture | None:
    """The part of the origin's architecture that a run with this config must agree with.

    The projection head may be of any kind if it is not restored, because `variable_schema` leaves
    it out, the run has none, or pretraining starts from a checkpoint without one.
    """
    found = origin.architecture
    if found is None or found.head is None:
        return found
    absent = origin.settings is None and not found.head.layers
    own = origin.settings is not None and not origin.settings.run.projects
    free = not config.run.projects or (config.run.pretrains and (absent or own))
    if free or "projection_head" not in restored_parts(config):
        return dataclasses.replace(found, head=None)
    return found
