"""Keeps the output free of C++ messages, and printable on any stream."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def stderr_silenced() -> Iterator[None]:
    """Discards what is written to file descriptor 2 meanwhile; exceptions pass."""
    sys.stderr.flush()
    stderr = os.dup(2)
    try:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)


def import_tensorflow() -> None:
    """Keeps TensorFlow's start-up notices (no GPU, oneDNN) and its warnings off the terminal.

    C++ writes them to file descriptor 2 before any setting is read. Errors after the import are
    still shown.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stderr_silenced():
        import tensorflow as tf
        from absl import logging
    logging.set_verbosity(logging.ERROR)
    tf.get_logger().setLevel("ERROR")


def require_streams() -> None:
    """Opens the null device for each of stdin, stdout and stderr that the process lacks.

    Otherwise the next file to be opened would take its place and receive what is printed.
    """
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:  # A file gets the lowest free descriptor: this one's.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def escape_what_cannot_be_printed() -> None:
    """Prints characters that the terminal's encoding lacks as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_what_is_not_printed() -> None:
    """Discards what stdout could not write: Python would try again at exit, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
