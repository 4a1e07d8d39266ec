"""Names in text files come back as they were, whatever is in them."""

import doctest

import pytest

from tf_simclr.data import name_lists
from tf_simclr.data.name_lists import as_lines, names_in

# What Python's splitlines takes for the end of a line.
ENDS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
ODD = [
    '"quoted".png',
    '"a"',
    '"',
    "\ufeffmarked",
    "\\n",
    "\t",
    " a ",
    "é",
    "\U0001f600",
    "#a",
    "b\\",
]


def test_examples_of_the_docstrings():
    assert doctest.testmod(name_lists) == (0, 2)


@pytest.mark.parametrize("name", [*ODD, *ENDS, *(f"a{end}b.png" for end in ENDS)], ids=ascii)
def test_a_name_comes_back_among_others(name):
    names = [name, "cat/a.png", name]
    assert names_in(as_lines(names)) == names


def test_plain_names_are_plain_lines():
    assert as_lines(["cat/a b.png", "dog/ä,\u2028c.png"]) == "cat/a b.png\ndog/ä,\u2028c.png\n"


@pytest.mark.parametrize(
    "text", ["a\nb\n", "a\r\nb\r\n", "\ufeffa\nb", "\n\na\n \nb\n\n", '"a"\nb'], ids=ascii
)
def test_lists_of_other_programs_are_read(text):
    assert names_in(text) == ["a", "b"]
