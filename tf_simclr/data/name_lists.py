"""Text files of names, one a line, with any characters that a file system allows."""

import json
from collections.abc import Iterable

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
