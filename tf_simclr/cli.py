"""The command line's flags: defined here and nowhere else, one for each field of Config."""

import dataclasses
import types
import typing

from absl import flags

from tf_simclr.config import Config, flag_fields


def define_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines a flag for each field of Config, with its default and its help."""
    for field in flag_fields():
        _define(field, flag_values)


def _define(field: dataclasses.Field, flag_values: flags.FlagValues) -> None:
    kind = _plain_type(field)
    choices = field.metadata["choices"]
    arguments = {"flag_values": flag_values, "module_name": "tf_simclr.main"}
    described = (field.name, field.default, field.metadata["help"])
    if choices and kind is str:
        name, default, text = described
        flags.DEFINE_enum(name, default, choices, text, **arguments)
    elif kind is bool:
        flags.DEFINE_boolean(*described, **arguments)
    elif kind is int:
        flags.DEFINE_integer(*described, **arguments)
    elif kind is float:
        flags.DEFINE_float(*described, **arguments)
    else:
        flags.DEFINE_string(*described, **arguments)


def _plain_type(field: dataclasses.Field) -> type:
    """Str for a field of type `str | None`."""
    kinds = typing.get_args(field.type) if isinstance(field.type, types.UnionType) else [field.type]
    return next(kind for kind in kinds if kind is not type(None))


def config_from_flags(flag_values: flags.FlagValues = flags.FLAGS) -> Config:
    """The validated Config of parsed flags. Raises ValueError for contradictory ones."""
    return Config.from_flat({field.name: flag_values[field.name].value for field in flag_fields()})
