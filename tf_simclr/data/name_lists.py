"""Names as text: in files, one a line, with any characters of a file system, and in sentences."""

import json
from collections.abc import Iterable, Sequence

_BYTE_ORDER_MARK = "\ufeff"


def as_lines(names: Iterable[str]) -> str:
    r"""Writes names as lines; one that cannot be a line becomes a JSON string.

    >>> as_lines(["cat/a.png", "two\nlines.png"])
    'cat/a.png\n"two\\nlines.png"\n'

    Args:
      names: any text but "".

    Returns:
      What `names_in` reads as these names.
    """
    return "".join(f"{_line(name)}\n" for name in names)


def names_in(text: str) -> list[str]:
    r"""Reads names, one a line; empty lines are skipped.

    Lines end in "\n" or "\r\n". A line that is a JSON string is decoded; any other is the name.

    Args:
      text: of the file, with or without a byte order mark.

    Returns:
      The names, in their order.
    """
    # Not splitlines: a file name may hold characters that end lines in Unicode.
    lines = (line.removesuffix("\r") for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n"))
    return [_name(line) for line in lines if line.strip()]


def some(names: Sequence[str], most: int) -> str:
    """The first names, and how many more there are.

    >>> some(["cat", "dog", "emu", "fox"], 2)
    'cat, dog and 2 more'

    Args:
      names: in their order.
      most: how many are shown, at least 1.
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _line(name: str) -> str:
    plain = name.strip() and not name.startswith(('"', _BYTE_ORDER_MARK))
    if plain and not {"\n", "\r"} & set(name):
        return name
    return json.dumps(name)


def _name(line: str) -> str:
    if not line.startswith('"'):
        return line
    try:
        return str(json.loads(line))
    except ValueError:  # A file name may begin with a quotation mark.
        return line
