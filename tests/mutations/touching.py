"""Which test executes which line of the package, by coverage.py's contexts."""

import ast
import itertools
import os
import pathlib
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Iterator, Set
from typing import NamedTuple

from coverage import CoverageData
from faults import Fault

PACKAGE = "tf_simclr"


class Suite(NamedTuple):
    """What is known of the tests.

    Attributes:
      touching: file -> line -> the tests that execute it. What a test executes in processes of
        its own is not known.
      seconds: test -> how long it took.
      unrecorded: the tests that were written since, which may execute anything.
    """

    touching: dict[str, dict[int, set[str]]]
    seconds: dict[str, float]
    unrecorded: Set[str] = frozenset()

    def tests_of(self, root: pathlib.Path, fault: Fault) -> list[str]:
        """The tests that execute a fault's lines, then others of their files and of its folder.

        The module's own test file goes first, and of each kind the quickest. The others look at
        what a fixture has made, or at what was traced: the first test to ask for it executes it for
        all. Code that AutoGraph has rewritten is not the module's to coverage.py: its own file and
        folder are always asked. Where the lines are executed at import, the tests of the whole
        module; all where nothing is known.
        """
        lines = self.touching.get(fault.file, {})
        text = (root / fault.file).read_text()
        places = statement(text, text.index(fault.old))
        executing = set().union(*(lines.get(line, set()) for line in places))
        executing = executing or set().union(*lines.values()) or set(self.seconds)
        executing |= self.unrecorded
        own = fault.file.replace(PACKAGE, "tests", 1).replace(".py", "_test.py")
        files = {_file(test) for test in executing}

        def is_near(test: str) -> bool:
            return _file(test) in files or _folder(test) == _folder(own)

        def turn(test: str) -> tuple[bool, bool, float, str]:
            return _file(test) != own, test not in executing, self.seconds[test], test

        return sorted(filter(is_near, self.seconds), key=turn)

    def within(self, tests: list[str], seconds: float) -> list[str]:
        """The first of the tests, those that begin before so many seconds are over."""
        ends = itertools.accumulate(self.seconds[test] for test in tests)
        return [test for test, end in zip(tests, ends) if end - self.seconds[test] < seconds]

    def parts(self, tests: list[str], seconds: float) -> Iterator[list[str]]:
        """The tests in their order, cut where a part would take longer than `seconds`."""
        part: list[str] = []
        for test in tests:
            if part and sum(self.seconds[t] for t in part) + self.seconds[test] > seconds:
                yield part
                part = []
            part.append(test)
        if part:
            yield part


def _file(test: str) -> str:
    return test.partition("::")[0]


def _folder(test: str) -> str:
    return _file(test).rpartition("/")[0]


def statement(text: str, place: int) -> range:
    """The lines of the innermost statement around a place of a module's text."""
    line = text[:place].count("\n") + 1
    first, last = line, line
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.stmt) and node.lineno <= line <= node.end_lineno:
            # A compound statement is its head alone: the body has statements of its own.
            body = getattr(node, "body", None)
            if body and line >= body[0].lineno:
                continue
            first, last = node.lineno, body[0].lineno - 1 if body else node.end_lineno
    return range(first, last + 1)


def record(root: pathlib.Path, folder: pathlib.Path) -> None:
    """Runs the whole suite under coverage and writes what `read` reads to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pytest", "--numprocesses=2", "--dist=loadfile"]
    command += [f"--cov={PACKAGE}", "--cov-context=test", "--cov-report="]
    environment = os.environ | {"COVERAGE_FILE": str(folder / "coverage")}
    written = folder / "unfinished.xml"
    subprocess.run([*command, f"--junitxml={written}"], cwd=root, env=environment, check=True)
    written.rename(folder / "tests.xml")


def read(folder: pathlib.Path, tests: set[str]) -> Suite:
    """What `record` wrote to the folder, of these tests; one that it does not know takes 1 s."""
    seconds = dict.fromkeys(tests, 1.0)
    unrecorded = set(tests)
    for case in xml.etree.ElementTree.parse(folder / "tests.xml").iter("testcase"):
        name = f"{case.get('classname').replace('.', '/')}.py::{case.get('name')}"
        if name in seconds:
            seconds[name] = float(case.get("time"))
            unrecorded.discard(name)
    data = CoverageData(str(folder / "coverage"))
    data.read()
    touching = {}
    for path in data.measured_files():
        file = path[path.rindex(f"/{PACKAGE}/") + 1 :]
        touching[file] = {
            line: {context.split("|")[0] for context in contexts} & tests
            for line, contexts in data.contexts_by_lineno(path).items()
        }
    return Suite(touching, seconds, unrecorded)
