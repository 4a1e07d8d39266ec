"""Programs of the tests in processes of their own, without waiting for TensorFlow's import.

    program = processes.start(["-m", "tf_simclr.main", "--help"])
    out, errors = program.communicate()

An interpreter takes three seconds to import TensorFlow. The first `start` of a session starts
multiprocessing's fork server, which imports it once; a program is then a fork of that server, with
a command line, an environment, a working folder and outputs of its own. A file of the tests runs
its graphs as traced; the command line, as users do. Tests of what is imported, and of the installed
script, start an interpreter.
"""

import gc
import multiprocessing
import os
import runpy
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TIMEOUT = 900  # seconds that any program may take on a busy machine
# What tracing makes by the hundred thousand is no garbage: looking for some finds nothing.
COLLECTIONS = (200_000, 20, 50)  # for gc.set_threshold
# Not tf_simclr.main: Python warns when a module that is imported already is run.
PRELOADED = ("tensorflow", "tf_keras", "tf_simclr.tasks.train", "tf_simclr.tasks.evaluate")


class Program:
    """A program that runs; used as a `subprocess.Popen` is whose outputs are text pipes."""

    def __init__(self, process, outputs: tempfile.TemporaryDirectory):
        self._process, self._outputs = process, outputs
        self.pid = process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, minus the signal's number where one ended it; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float = TIMEOUT) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout)
        return self.returncode

    def communicate(self, timeout: float = TIMEOUT) -> tuple[str, str]:
        """Waits for the end; what was written to stdout and to stderr."""
        self.wait(timeout)
        return self.read("out"), self.read("err")

    def read(self, name: str) -> str:
        """What has been written so far to "out" or "err"."""
        path = Path(self._outputs.name, name)
        return path.read_text() if path.exists() else ""  # It may not have begun.

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self._process.kill()


def start(
    arguments: Sequence,
    *,
    cwd: str | Path | None = None,
    env: dict[str, str] | None = None,
) -> Program:
    """Starts `python ARGUMENTS`: `FILE ...`, `-m MODULE ...` or `-c CODE ...`."""
    outputs = tempfile.TemporaryDirectory()
    given = ([str(a) for a in arguments], str(cwd or os.getcwd()), dict(env or os.environ))
    process = _server().Process(target=_run, args=(*given, outputs.name), daemon=True)
    process.start()
    return Program(process, outputs)


def run(
    arguments: Sequence, *, timeout: float = TIMEOUT, **settings
) -> subprocess.CompletedProcess:
    """`start`, and the end of it; a program that has not ended in time is killed."""
    program = start(arguments, **settings)
    try:
        out, errors = program.communicate(timeout)
    finally:
        program.kill()
    return subprocess.CompletedProcess(arguments, program.returncode, out, errors)


def run_graphs_as_traced() -> None:
    """From now on this process optimises no graph: that takes longer than a few steps of it."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def _server():
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    return context


def _run(arguments: list[str], cwd: str, environment: dict[str, str], outputs: str) -> None:
    """In the fork: becomes what `python ARGUMENTS` would be."""
    from tf_simclr import progress

    gc.set_threshold(*COLLECTIONS)
    progress.PATIENCE = TIMEOUT  # What is printed does not depend on how quick the machine is.
    # As a terminal starts it, whoever started the tests: what is ignored would stay so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(cwd)
    for name, stream in (("out", sys.stdout), ("err", sys.stderr)):
        with open(os.path.join(outputs, name), "wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    first, *rest = arguments
    if first == "-m":
        sys.path.insert(0, cwd)
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.path.insert(0, cwd)
        sys.argv = ["-c", *rest[1:]]
        exec(compile(rest[0], "<string>", "exec"), {"__name__": "__main__"})
    else:
        run_graphs_as_traced()
        sys.path.insert(0, os.path.dirname(first))
        sys.argv = arguments
        runpy.run_path(first, run_name="__main__")
