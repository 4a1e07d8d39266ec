"""The command line's flags: defined here and nowhere else, one for each field of Config."""

import dataclasses
import difflib
import os
import shlex
import shutil
import textwrap
from collections.abc import Callable, Collection, Sequence
from typing import Any

from absl import flags

from tf_simclr import habits, plain_paths, recipes
from tf_simclr.config import SECTIONS, Config, flag_fields
from tf_simclr.config.fields import plain_type

WIDEST = 100  # columns of help, on a terminal that has them
HELP = "tf-simclr --help lists all flags."
DEFINE: dict[type, Callable] = {
    bool: flags.DEFINE_boolean,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
}


class FlagValues(flags.FlagValues):
    """Flags, also from flagfiles: UTF-8 in any locale, with or without a byte order mark.

    A flagfile in a flagfile is looked for beside it first. A recipe in a flagfile counts as if it
    were its first line: it overrides nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        vars(self)["file_of"] = {}  # Line -> its file. (What is set as an attribute is a flag.)

    def _get_flag_file_lines(
        self, filename: str, parsed_file_stack: Sequence[str] = ()
    ) -> list[str]:
        if filename in parsed_file_stack:
            circle = " -> ".join([*parsed_file_stack, filename])
            raise flags.Error(f"Flagfiles must not include each other in a circle: {circle}.")
        stack = [*parsed_file_stack, filename]
        lines: list[str] = []
        for line in _flag_file(filename):
            name, _, value = line.lstrip("-").partition("=")
            if name == "recipe":
                lines[:0] = self._get_flag_file_lines(recipes.path_of(value.strip()), stack)
            elif self._is_flag_file_directive(line):
                inner = _beside(filename, self._extract_filename(line))
                lines += self._get_flag_file_lines(inner, stack)
            else:
                lines.append(line)
                vars(self)["file_of"][line] = filename
        return lines


class _TypedFlags(flags.FlagValues):
    """Flags of the command line itself: flagfiles are not read."""

    def read_flags_from_files(self, argv: Sequence[str], force_gnu: bool = True) -> list[str]:
        return list(argv)


class _Word(flags.EnumParser):
    """One of some words; another one gets the nearest of them."""

    def __init__(self, name: str, words: Sequence[str]):
        super().__init__(words)
        self.name = name

    def parse(self, argument: str) -> str:
        try:
            return super().parse(argument)
        except ValueError as error:
            near = difflib.get_close_matches(argument, self.enum_values, n=1)
            give = f". Give --{self.name}={near[0]}" if near else ""
            raise ValueError(f"{error}{give}") from error


class _Switch(flags.BooleanParser):
    """True or false."""

    def parse(self, argument: str | int) -> bool:
        try:
            return super().parse(argument)
        except ValueError as error:
            raise ValueError("value should be true or false") from error


def define_flags(flag_values: flags.FlagValues = flags.FLAGS) -> None:
    """Defines a flag for each field of Config, with its default and its help."""
    for field in flag_fields():
        kind, choices, text = plain_type(field), field.metadata["choices"], field.metadata["help"]
        if choices and kind is str:
            default = str(field.default)
            flags.DEFINE_enum(field.name, default, choices, text, flag_values=flag_values)
            flag_values[field.name].parser = _Word(field.name, choices)
        else:
            DEFINE[kind](field.name, field.default, text, flag_values=flag_values)
            if kind is bool:
                flag_values[field.name].parser = _Switch()


def parse(argv: Sequence[str]) -> Config:
    """The validated Config of a command line: the program's name and its flags.

    Flags and flagfiles count in the order in which they are written. A recipe counts as if it were
    written first, wherever it is: it overrides nothing.

    Raises:
      flags.Error: for an unknown flag, or a value of the wrong type.
      ValueError: for an unknown recipe; as `config_from_flags`.
    """
    typed = _typed(argv)
    named = typed["recipe"].value or []
    if len(named) > 1:
        raise flags.Error(
            f"`recipe` must be given once. Received: {', '.join(named)}. Leave out all but one."
        )
    values = _read([*_files(*named), *argv[1:]])
    return config_from_flags(values, typed=_present(typed))


def written_in(flagfile: str | None = None, *, recipe: str | None = None) -> dict[str, Any]:
    """The flags that files give: name -> value. Whether they go together is not asked here.

    Args:
      flagfile: a path; its flags override those of the recipe. None for no file.
      recipe: the name of a recipe; None for none.

    Raises:
      ValueError: for an unknown recipe, what is no flag, or no value of its type, or a file that
        cannot be read.
    """
    try:
        values = _read(_files(recipe, flagfile=flagfile))
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


def _files(recipe: str | None = None, *, flagfile: str | None = None) -> list[str]:
    """The arguments that read a recipe, by its name, and a flagfile after it."""
    paths = [None if recipe is None else recipes.path_of(recipe), flagfile]
    return [f"--flagfile={path}" for path in paths if path is not None]


def _read(arguments: Sequence[str]) -> FlagValues:
    """The values of a command's flags, those in flagfiles included. Raises flags.Error."""
    values = FlagValues()
    define_flags(values)
    flags.DEFINE_multi_string("recipe", None, "Name of a recipe.", flag_values=values)
    try:
        line = next(iter(values(["tf-simclr", *arguments])[1:]), None)
    except flags.UnrecognizedFlagError as error:
        line = error.flagvalue
    except ValueError as error:
        raise flags.Error(str(error)) from error
    if line:  # It is in a flagfile: the typed flags are known.
        file = vars(values)["file_of"].get(line, "a flagfile")
        wrong = habits.mended([line], _switches(values))
        instead = f"Write {wrong.arguments[0]} there." if wrong.arguments else HELP
        raise flags.Error(f"Not understood: {wrong.wrong[0]}, in {file}. {instead}")
    return values


def _typed(argv: Sequence[str]) -> flags.FlagValues:
    """The flags of the command line itself.

    Raises:
      flags.Error: for an unknown flag, with what to type instead; or a value of the wrong type.
    """
    typed = _TypedFlags()
    define_flags(typed)
    flags.DEFINE_string("flagfile", None, "A file of flags.", flag_values=typed)
    flags.DEFINE_multi_string("recipe", None, "Name of a recipe.", flag_values=typed)
    try:
        understood = not typed(argv)[1:]
    except flags.UnrecognizedFlagError:
        understood = False
    except ValueError as error:  # Of --nouse_blur=1, say.
        raise flags.Error(f"{error}.") from error
    if not understood:
        raise flags.Error(
            _not_understood(habits.mended(argv[1:], _switches(typed), recipes.names()))
        )
    return typed


def _switches(values: flags.FlagValues) -> dict[str, bool]:
    """Every flag -> whether it is a switch."""
    return {"undefok": False} | {name: bool(values[name].boolean) for name in values}


def _not_understood(found: habits.Mended) -> str:
    words = ", ".join(map(shlex.quote, found.wrong))
    command = ["tf-simclr", *(found.arguments or [])]
    instead = HELP if found.arguments is None else f"Type: {shlex.join(command)}"
    return f"Not understood: {words}. {instead}"


def _beside(outer: str, named: str) -> str:
    """The path of a flagfile that another one names: beside it, or else as it is written."""
    path = os.path.join(os.path.dirname(outer), named)
    return path if os.path.exists(path) else named


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
