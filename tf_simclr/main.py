"""The entry point: parses flags, runs the mode, turns errors a user can fix into one line."""

import contextlib
import os
import pathlib
import shlex
import signal
import sys
import traceback

from absl import flags

from tf_simclr import cli, early_checks, quiet, recipes, stopping, usage
from tf_simclr.config import Config
from tf_simclr.file_errors import file_error, passes
from tf_simclr.version import __version__

BAD_INPUT = 2  # the exit code for what the user can fix
NOT_NOW = 75  # EX_TEMPFAIL of sysexits.h: the same command may succeed later
SIGNALLED = 128  # plus the signal's number, as shells report it
UNREAD = SIGNALLED + signal.SIGPIPE  # as after writing to a pipe without a reader
HELP = {"--help", "-help", "-h", "--helpfull", "--helpshort", "-?"}


def main(argv: list[str]) -> int:
    """Runs the command line `argv` (the program's name first) and returns its exit code."""
    quiet.escape_what_cannot_be_printed()
    if HELP & set(argv[1:]):
        print(usage.TEXT, cli.flags_help(), sep="\n", end="")
        return 0
    if not argv[1:]:
        with contextlib.suppress(OSError):
            print(usage.TEXT, file=sys.stderr, end="", flush=True)
        return BAD_INPUT
    if "--version" in argv[1:]:
        print(__version__)
        return 0
    if recipes.asked_for(argv[1:]):
        print(recipes.listing())
        return 0
    with stopping.answered_by(_raise_interrupt):
        return _answer(argv)


def _answer(argv: list[str]) -> int:
    try:
        _run(cli.parse(argv))
        return 0
    except (flags.Error, ValueError) as error:
        if isinstance(error, flags.Error) or _is_ours(error):
            return _say(_code_of(error), error)
        return _unexpected(error, argv)
    except KeyboardInterrupt as error:
        number = error.args[0] if error.args else signal.SIGINT
        return _say(SIGNALLED + number, f"Stopped. {_how_to_go_on(argv)}")
    except BrokenPipeError:
        return _say(UNREAD, f"Stopped: nobody reads the output. {_how_to_go_on(argv)}")
    except Exception as error:  # Only a few are expected.
        return _unexpected(error, argv)


def _run(config: Config) -> None:
    early_checks.check(config)
    quiet.import_tensorflow()
    # Not at the top: --help and flags that are wrong by themselves must not wait for imports.
    from tf_simclr.tasks.command import carry_out

    carry_out(config)


def _raise_interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt(number)


def _unexpected(error: Exception, argv: list[str]) -> int:
    if reason := file_error(error):
        kept = f"What was saved before is kept. {_how_to_go_on(argv)}"
        return _say(_code_of(error), f"A file cannot be used: {reason}. {kept}")
    from tf_simclr import replicas
    from tf_simclr.workdir.callbacks import Interrupted
    from tf_simclr.workdir.checkpoints import NonFinite

    if isinstance(error, Interrupted):
        return _say(SIGNALLED + error.signal, f"{error} {_how_to_go_on(argv)}")
    if replicas.lost_a_worker(error):
        return _say(NOT_NOW, f"Another worker has ended: start all again. {_how_to_go_on(argv)}")
    if isinstance(error, NonFinite):
        return _say(
            BAD_INPUT,
            f"{error} What was saved before is kept. Lower --learning_rate, or raise"
            " --temperature or --warmup_epochs, and run again.",
        )
    raise error  # A bug, not bad input: the traceback is needed.


def _code_of(error: Exception) -> int:
    return NOT_NOW if isinstance(error, stopping.NotNow) or passes(error) else BAD_INPUT


def _how_to_go_on(argv: list[str]) -> str:
    return f"To go on, give the same command again: tf-simclr {shlex.join(argv[1:])}"


def _require_utf8() -> None:
    """Restarts the process if its locale cannot encode the names of files.

    TensorFlow reads them as UTF-8. Python can be told to do so only at its start.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        arguments = [sys.executable, *sys.orig_argv[1:]]
        os.execve(sys.executable, arguments, os.environ | {"PYTHONUTF8": "1"})


def _is_ours(error: ValueError) -> bool:
    """Whether the error was raised by a line of this package: those are meant for users."""
    frames = traceback.extract_tb(error.__traceback__)
    package = pathlib.Path(__file__).parent
    return package in pathlib.Path(frames[-1].filename).parents


def _say(code: int, message: object) -> int:
    with contextlib.suppress(OSError):  # The terminal may be gone.
        print(f"tf-simclr: {' '.join(str(message).split())}", file=sys.stderr, flush=True)
    return code


def console(argv: list[str] | None = None) -> None:
    """Runs a command line and exits: the console script.

    Args:
      argv: the program's name and its flags; None is this process's.
    """
    quiet.require_streams()
    _require_utf8()
    try:
        code = main(sys.argv if argv is None else argv)
        sys.stdout.flush()
    except BrokenPipeError:
        code = UNREAD
    except OSError as error:
        code = _say(BAD_INPUT, f"The output cannot be written: {error.strerror}.")
    quiet.drop_what_is_not_printed()
    sys.exit(code)


if __name__ == "__main__":
    console()
