"""Puts each fault into a copy of the checkout and asks the suite about it; see README.md.

For each fault the tests run that execute its lines, the quickest first, until one fails or the
--seconds are over. What survives can be asked about by the whole suite: --whole.
"""

import argparse
import json
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import pytest
import touching
from drawn import DRAWN
from faults import FAULTS, Fault

ROOT = pathlib.Path(__file__).parents[2]
sys.path.append(str(ROOT / "tests"))

import google_storage  # noqa: E402

PASSED, NOTHING_RUN = 0, 5  # exit codes of pytest
HUNG = -signal.SIGKILL
# Seconds: of recorded time that one process is given, and what a hanging one may take beyond it.
PART, PATIENCE = 60.0, 120.0
Results = dict[str, str | None]  # fault -> the test that catches it
Note = Callable[[str, str | None], None]


def main() -> int:
    """Runs what the command line says; 1 if a fault survives, or its text is gone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="faults with this text in file or description")
    parser.add_argument(
        "--tests", default="", help='which tests, as pytest takes it: -m "not slow"'
    )
    parser.add_argument("--whole", action="store_true", help="ask all tests about what survives")
    parser.add_argument(
        "--seconds", default=180.0, type=float, help="how long the tests of a fault take (180)"
    )
    parser.add_argument("--jobs", default=2, type=int, help="faults tried side by side (2)")
    parser.add_argument("--results", type=pathlib.Path,
                        help="a JSON file, fault -> test or null, to write and to go on with: what "
                        "it has as caught is not asked again")  # fmt: skip
    parser.add_argument("--records", default=ROOT / "build" / "mutations", type=pathlib.Path,
                        help="where it is recorded which test executes what")  # fmt: skip
    given = parser.parse_args()
    faults = [fault for fault in (*FAULTS, *DRAWN) if given.only in f"{fault.file} {fault.what}"]
    gone = [fault for fault in faults if fault.count(ROOT) != 1]
    for fault in gone:
        print(f"{fault.file} does not have this text exactly once: {fault.old!r} ({fault.what})")
    if gone:
        return 1
    if not (given.records / "tests.xml").exists():
        touching.record(ROOT, given.records)
    suite = touching.read(given.records, _names(given.tests))
    results: Results = dict.fromkeys(fault.what for fault in faults)
    if given.results and given.results.exists():
        results |= json.loads(given.results.read_text())

    def note(what: str, caught: str | None) -> None:
        results[what] = caught
        if given.results:
            given.results.write_text(json.dumps(results, indent=1) + "\n")

    def left() -> list[Fault]:
        return [fault for fault in faults if results[fault.what] is None]

    with tempfile.TemporaryDirectory() as folder:
        copies = [_copy(pathlib.Path(folder) / str(number)) for number in range(given.jobs)]
        _ask(left(), suite, copies, note, given.seconds)
        if given.whole:
            _ask_all(left(), suite, copies, note)
        tests = {results[fault.what] for fault in faults} & set(suite.seconds)
        _check_without_fault(tests, suite, copies[0])
    print(f"{len(faults) - len(left())} of {len(faults)} faults are caught.")
    for fault in left():
        print(f"Survives: {fault.what}")
    return bool(left())


def _names(choice: str) -> set[str]:
    """The tests that pytest's arguments `choice` select; not those of the list of faults itself."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "--ignore=tests/mutations"]
    command += shlex.split(choice)
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    names = {line for line in listed.stdout.splitlines() if "::" in line}
    if not names:
        raise ValueError(f"`tests` must select some. Received: tests={choice!r}.")
    return names


def _copy(folder: pathlib.Path) -> pathlib.Path:
    """A copy of all that git knows of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, listed.stdout.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


def _ask(
    faults: list[Fault],
    suite: touching.Suite,
    copies: list[pathlib.Path],
    note: Note,
    seconds: float = float("inf"),
) -> None:
    """Notes for each fault the first test that catches it, or None; tries one in each copy at once.

    Tests of a fault that would begin after so many recorded seconds are not tried.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.update(google_storage.AT_IMPORT)
    import tensorflow  # noqa: F401  # Once, here: every trial is a fork that has it for nothing.

    waiting, free, running = list(faults), list(copies), {}
    while waiting or running:
        while waiting and free:
            fault, copy = waiting.pop(0), free.pop()
            fault.apply(copy)
            parts = iter(suite.parts(suite.within(suite.tests_of(ROOT, fault), seconds), PART))
            running[_Trial(copy, next(parts, []), suite)] = fault, parts
        time.sleep(0.1)
        for trial in [trial for trial in running if trial.ended()]:
            fault, parts = running.pop(trial)
            caught = trial.caught_by()
            if caught is None and (tests := next(parts, None)):
                running[_Trial(trial.copy, tests, suite)] = fault, parts
                continue
            note(fault.what, caught)
            print(f"{fault.file}: {fault.what}: {caught or 'SURVIVES'}", flush=True)
            fault.undo(ROOT, trial.copy)
            free.append(trial.copy)


def _ask_all(
    faults: list[Fault], suite: touching.Suite, copies: list[pathlib.Path], note: Note
) -> None:
    """As `_ask`, by the whole suite: once with all faults; what fails there is asked of each."""
    for fault in faults:
        fault.apply(copies[0])
    command = [sys.executable, "-B", "-m", "pytest", "-rfE", "--numprocesses=2", "--dist=loadfile"]
    done = subprocess.run(
        [*command, *sorted(suite.seconds)], cwd=copies[0], env=_environment(copies[0]),
        capture_output=True, text=True,
    )  # fmt: skip
    for fault in faults:
        fault.undo(ROOT, copies[0])
    failed = set(_failed(done.stdout))
    print(f"With all {len(faults)} that survive, {len(failed)} tests of the whole suite fail.")
    narrowed = touching.Suite(
        {}, {test: suite.seconds[test] for test in failed & set(suite.seconds)}
    )
    if narrowed.seconds:
        _ask(faults, narrowed, copies, note)


def _check_without_fault(tests: set[str], suite: touching.Suite, copy: pathlib.Path) -> None:
    """Raises RuntimeError if what caught a fault fails without one, too."""
    for part in suite.parts(sorted(tests), 10 * PART):
        trial = _Trial(copy, part, suite)
        while not trial.ended():
            time.sleep(0.1)
        if (test := trial.caught_by()) is not None:
            raise RuntimeError(f"{test} fails in a copy without any fault:\n{trial.said()}")


class _Trial:
    """Some tests in a process of their own, in a copy, up to the first that fails."""

    def __init__(self, copy: pathlib.Path, tests: list[str], suite: touching.Suite):
        self.copy, self.tests = copy, tests
        self._log = copy.parent / f"{copy.name}.log"
        self._code: int | None = None if tests else NOTHING_RUN
        self._deadline = time.monotonic() + PATIENCE + 3 * sum(suite.seconds[t] for t in tests)
        self._process = os.fork() if tests else 0
        if tests and self._process == 0:
            os._exit(_run(copy, tests, self._log))

    def ended(self) -> bool:
        if self._code is None:
            process, status = os.waitpid(self._process, os.WNOHANG)
            if process:
                self._code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > self._deadline:
                os.killpg(self._process, signal.SIGKILL)
        return self._code is not None

    def caught_by(self) -> str | None:
        """The test that failed; None if none did."""
        if self._code in (PASSED, NOTHING_RUN):
            return None
        failed = _failed(self.said())
        return failed[0] if failed else f"one of {self.tests[0]} ... (exit code {self._code})"

    def said(self) -> str:
        return self._log.read_text(errors="replace")


def _failed(said: str) -> list[str]:
    """The tests that pytest's summary names as failed."""
    lines = [line.partition(" ") for line in said.splitlines()]
    told = [rest.partition(" - ")[0] for word, _, rest in lines if word in ("FAILED", "ERROR")]
    return [test for test in told if "::" in test]


def _environment(copy: pathlib.Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


def _run(copy: pathlib.Path, tests: list[str], log: pathlib.Path) -> int:
    """What a fork does: pytest in the copy, all that is said into the log."""
    os.setsid()
    os.chdir(copy)
    os.environ.update(_environment(copy))
    sys.dont_write_bytecode = True  # Of two texts of one second and length the first would stay.
    with open(log, "w") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    own = {"", str(pathlib.Path(__file__).parent), str(ROOT / "tests"), str(ROOT)}
    sys.path[:] = [str(copy), *(path for path in sys.path if path not in own)]
    for name in ("touching", "drawn", "faults", "google_storage"):
        sys.modules.pop(name, None)
    code = int(pytest.main(["-x", "-rfE", "-p", "no:cacheprovider", *tests]))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
