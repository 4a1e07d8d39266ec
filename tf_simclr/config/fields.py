"""The fields of a config section: each is a flag, with its type and range checked."""

import dataclasses
import math
import numbers
import os
import typing
from typing import Any

from tf_simclr.config.matters import Condition, Modes

KINDS: dict[type, type] = {float: numbers.Real, int: numbers.Integral, bool: bool, str: str}


def flag(
    default: Any,
    help: str,
    choices: tuple | None = None,
    *,
    only: Condition | tuple[Condition, ...],
    path: bool = False,
    of_command: bool = False,
    instead_of: tuple[str, ...] = (),
) -> Any:
    """A field of a section.

    Args:
      default: its value if the user gives none.
      help: its line in --help.
      choices: the values it may have; None allows any.
      only: the flag has an effect only if all of these conditions hold.
      path: whether it is a path, in which a leading `~` is the user's home.
      of_command: whether it belongs to one command and not to the run, so that an evaluation does
        not take it from the run's settings.
      instead_of: flags that this one replaces. If it is given, theirs are not taken from a run's
        settings; if it is typed, not from a recipe.
    """
    only = only if isinstance(only, tuple) else (only,)
    metadata = {"help": help, "choices": choices, "only": only, "path": path}
    metadata |= {"of_command": of_command, "instead_of": instead_of}
    return dataclasses.field(default=default, metadata=metadata)


def require(ok: bool, name: str, rule: str, value: Any, mend: str = "") -> None:
    """Raises ValueError unless `ok`. It says the flag, the rule, its value, and how to fix it."""
    if not ok:
        raise ValueError(f"`{name}` {rule}. Received: {name}={value!r}.{mend and ' ' + mend}")


def plain_type(field: dataclasses.Field) -> type:
    """The type of a flag's value: bool, int, float or str (for `str | None` too)."""
    kinds = typing.get_args(field.type) or (field.type,)
    return next(kind for kind in kinds if kind is not type(None))


def decides(field: dataclasses.Field, mode: str) -> bool:
    """Whether a flag has an effect with --mode=`mode`, beyond being shown."""
    modes = [condition for condition in field.metadata["only"] if isinstance(condition, Modes)]
    return all(mode in condition.deciding for condition in modes)


class Section:
    """A part of the config. Types and choices are checked here, ranges in `_check`."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            value, choices = _plain(field, getattr(self, field.name)), field.metadata["choices"]
            object.__setattr__(self, field.name, value)
            if value is not None or field.default is not None:
                _check_type(field, value)
            if choices:
                require(value in choices, field.name, f"must be one of {choices}", value)
            if value and field.metadata["path"]:
                # The shell leaves --model_dir='~/run' and lines of flagfiles as they are.
                object.__setattr__(self, field.name, os.path.expanduser(value))
        self._check()

    def _check(self) -> None:
        """Raises ValueError for a value out of range."""

    def _require(self, ok: bool, name: str, rule: str, mend: str = "") -> None:
        require(ok, name, rule, getattr(self, name), mend)

    def _at_least(self, bound: float, *names: str) -> None:
        for name in names:
            self._require(getattr(self, name) >= bound, name, f"must be at least {bound}")

    def _shares(self, *names: str) -> None:
        for name in names:
            self._require(0 <= getattr(self, name) <= 1, name, "must be in [0, 1]")

    def _positive(self, *names: str) -> None:
        for name in names:
            self._require(getattr(self, name) > 0, name, "must be above 0")


def _plain(field: dataclasses.Field, value: Any) -> Any:
    """A number of NumPy's as Python's, and a path as text: what JSON can write."""
    kind = plain_type(field)
    if isinstance(value, KINDS[kind]) and not isinstance(value, bool | int | float | str):
        return kind(value)
    return os.fspath(value) if isinstance(value, os.PathLike) else value


def _check_type(field: dataclasses.Field, value: Any) -> None:
    kind = plain_type(field)
    # To Python, True is an integer. In settings it is not.
    fits = isinstance(value, KINDS[kind]) and (kind is bool or not isinstance(value, bool))
    require(fits, field.name, f"must be a value of type {kind.__name__}", value)
    if kind is float:
        require(math.isfinite(value), field.name, "must be a finite number", value)
