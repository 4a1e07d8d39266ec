"""The command line's flags: defined here and nowhere else, one for each field of Config."""

import dataclasses
import shlex
import shutil
import textwrap
from collections.abc import Callable, Collection, Sequence
from typing import Any

from absl import flags

from tf_simclr import plain_paths
from tf_simclr.config import SECTIONS, Config, flag_fields
from tf_simclr.config.fields import plain_type

WIDEST = 100  # columns of help, on a terminal that has them
DEFINE: dict[type, Callable] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


class FlagValues(flags.FlagValues):
    """Flags, also from flagfiles: UTF-8 in any locale, with or without a byte order mark."""

    def _get_flag_file_lines(
        self, filename: str, parsed_file_stack: Sequence[str] = ()
    ) -> list[str]:
        if filename in parsed_file_stack:
            circle = " -> ".join([*parsed_file_stack, filename])
            raise flags.Error(f"Flagfiles must not include each other in a circle: {circle}.")
        lines = []
        for line in _flag_file(filename):
            if self._is_flag_file_directive(line):
                inner = self._extract_filename(line)
                lines += self._get_flag_file_lines(inner, [*parsed_file_stack, filename])
            else:
                lines.append(line)
        return lines


class _TypedFlags(flags.FlagValues):
    """Flags of the command line itself: flagfiles are not read."""

    def read_flags_from_files(self, argv: Sequence[str], force_gnu: bool = True) -> list[str]:
        return list(argv)


def define_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines a flag for each field of Config, with its default and its help."""
    for field in flag_fields():
        kind, choices, text = plain_type(field), field.metadata["choices"], field.metadata["help"]
        if choices and kind is str:
            default = str(field.default)
            flags.DEFINE_enum(field.name, default, choices, text, flag_values=flag_values)
        else:
            DEFINE[kind](field.name, field.default, text, flag_values=flag_values)


def parse(argv: Sequence[str]) -> Config:
    """The validated Config of a command line: the program's name and its flags.

    Raises:
      flags.Error: for an unknown flag, or a value of the wrong type.
      ValueError: as `config_from_flags`.
    """
    values, typed = FlagValues(), _TypedFlags()
    define_flags(values)
    if rest := values(argv)[1:]:
        raise flags.Error(f"Only flags are accepted. Received: {shlex.join(rest)}.")
    define_flags(typed)
    flags.DEFINE_string("flagfile", None, "A file of flags.", flag_values=typed)
    typed(argv)
    return config_from_flags(values, typed=_present(typed))


def written_in(flagfile: str) -> dict[str, Any]:
    """The flags that a recipe gives: name -> value. Whether they go together is not asked here.

    Raises:
      ValueError: for what is no flag, or no value of its type; a file that cannot be read.
    """
    values = FlagValues()
    define_flags(values)
    try:
        values(["tf-simclr", f"--flagfile={flagfile}"])
    except flags.Error as error:
        raise ValueError(str(error)) from error
    return {name: values[name].value for name in _present(values)}


def config_from_flags(
    flag_values: flags.FlagValues = flags.FLAGS, *, typed: Collection[str] | None = None
) -> Config:
    """The validated Config of parsed flags; those that were written anywhere count as given.

    Args:
      flag_values: parsed, with flagfiles.
      typed: names of the flags written on the command line itself; None is all written flags.

    Raises:
      ValueError: for contradictory flags, or a path that TensorFlow reads as a pattern.
    """
    values = {field.name: flag_values[field.name].value for field in flag_fields()}
    config = Config.from_flat(values, given=_present(flag_values), typed=typed)
    require_plain_paths(config)
    return config


def require_plain_paths(config: Config) -> None:
    """Raises ValueError for a path that TensorFlow reads as a pattern."""
    # Here, and not in Config: the settings of a run whose folder was renamed must still load.
    values = config.flat()
    exports = ("output",) if config.run.mode == "export" else ()
    for name in (*plain_paths.FLAGS, *exports):
        plain_paths.require_plain(name, values[name] or "")


def _present(flag_values: flags.FlagValues) -> set[str]:
    return {field.name for field in flag_fields() if flag_values[field.name].present}


def flags_help(columns: int | None = None) -> str:
    """All flags by section of the config: their values, help and defaults.

    Args:
      columns: width of the text; None is the terminal's.
    """
    columns = columns or min(shutil.get_terminal_size((80, 24)).columns, WIDEST)
    blocks = []
    for section in SECTIONS.values():
        lines = [(section.__doc__ or "").strip()]
        for field in dataclasses.fields(section):
            lines += [f"  {_form(field)}", _description(field, columns)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _flag_file(filename: str) -> list[str]:
    """The lines of a flagfile, without empty ones and comments."""
    try:
        with open(filename, encoding="utf-8-sig") as file:
            lines = [line.strip() for line in file]
    except OSError as error:
        raise flags.Error(f"Unable to open flagfile: {error}.") from error
    except UnicodeDecodeError as error:
        raise flags.Error(
            f"A flagfile is not text: {filename!r} ({error}). Save it as UTF-8."
        ) from error
    return [line for line in lines if line and not line.startswith(("#", "//"))]


def _form(field: dataclasses.Field) -> str:
    """How a flag is written: --[no]use_blur, --mode=train|eval, --seed=INT."""
    kind, choices = plain_type(field), field.metadata["choices"]
    if kind is bool:
        return f"--[no]{field.name}"
    if choices:
        return f"--{field.name}={'|'.join(map(str, choices))}"
    return f"--{field.name}={'TEXT' if kind is str else kind.__name__.upper()}"


def _description(field: dataclasses.Field, columns: int) -> str:
    default = "none" if field.default is None else str(field.default).lower()
    text = f"{field.metadata['help']} (default: {default})"
    return textwrap.fill(text, columns, initial_indent=" " * 6, subsequent_indent=" " * 6)
