"""Keeping what C++ writes off the terminal, where nothing of it is meant for the user."""

import contextlib
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


def compile_unseen() -> None:
    """Has XLA compile something, unseen.

    At the first time of a process TensorFlow 2.15 writes a line about it to the terminal, whatever
    the level of its log. After the strategy is made: it starts the devices.
    """
    import tensorflow as tf  # Here: this module is imported before TensorFlow is wanted.

    with stderr_silenced(), tf.device("CPU:0"):
        tf.function(lambda x: x + 1.0, jit_compile=True)(tf.zeros([]))
