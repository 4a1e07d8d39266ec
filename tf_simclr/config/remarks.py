"""Notes about flags that were given and have no effect in this run: one line for each reason."""

from collections.abc import Iterable

from tf_simclr.config import Config, flag_fields
from tf_simclr.config.matters import AT_THE_START, Modes


def idle_flags(config: Config) -> dict[str, str]:
    """Name -> why the flag has no effect with this config, of those that have none."""
    idle = {}
    for field in flag_fields():
        reasons = filter(None, (c.why_not(config) for c in field.metadata["only"]))
        if reason := next(reasons, None):
            idle[field.name] = reason
    return idle


def unused_flags(config: Config) -> set[str]:
    """Names of the flags that have no effect with these settings, whatever the mode."""
    return {
        field.name
        for field in flag_fields()
        if any(c.why_not(config) for c in field.metadata["only"] if not isinstance(c, Modes))
    }


def remarks(config: Config) -> list[str]:
    """One line for each reason why flags that were typed have no effect; [] for none.

    Args:
      config: of the run.
    """
    idle: dict[str, list[str]] = {}  # Reason -> flags.
    for name, reason in idle_flags(config).items():
        if name in config.typed:
            idle.setdefault(reason, []).append(name)
    lines = [_no_effect(names, reason) for reason, names in idle.items()]
    freezes = not config.run.pretrains and config.finetuning.fine_tune_after_block >= 0
    if freezes and config.run.trains and not config.finetuning.checkpoint:
        lines.append("--fine_tune_after_block freezes untrained layers: there is no --checkpoint.")
    return lines


def remarks_on_resuming(config: Config, step: int) -> list[str]:
    """Like `remarks`, for a run that resumes from `step`: flags that only matter at the start."""
    starting = [f.name for f in flag_fields() if AT_THE_START in f.metadata["only"]]
    idle = [name for name in starting if name in config.typed]
    return [_no_effect(idle, AT_THE_START.reason.format(step=step))] if idle else []


def _no_effect(idle: Iterable[str], reason: str) -> str:
    names = [f"--{name}" for name in idle]
    return f"{', '.join(names)} {'has' if len(names) == 1 else 'have'} no effect {reason}."
