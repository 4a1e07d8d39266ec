"""What a process prints: without what C++ writes to the terminal, and wherever it is sent."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def stderr_silenced() -> Iterator[None]:
    """File descriptor 2 goes nowhere meanwhile; exceptions pass."""
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

    They are written by C++ to file descriptor 2 before any setting is read. What is said after the
    import, errors above all, is not touched.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with stderr_silenced():
        import tensorflow as tf
        from absl import logging
    logging.set_verbosity(logging.ERROR)
    tf.get_logger().setLevel("ERROR")


def require_streams() -> None:
    """Opens those of stdin, stdout and stderr that the process was started without, to nowhere.

    Else the next file that is opened takes their place, and gets what is printed.
    """
    for name, mode in {"stdin": "r", "stdout": "w", "stderr": "w"}.items():
        if getattr(sys, name) is None:  # A file gets the lowest number that is free: this one's.
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def escape_what_cannot_be_printed() -> None:
    """Prints characters that the terminal's encoding has not as escapes, and fails at none."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def drop_what_is_not_printed() -> None:
    """Forgets what stdout could not write: at its exit Python would try again, and complain."""
    try:
        sys.stdout.flush()
    except OSError:
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
