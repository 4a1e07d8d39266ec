"""Writing a folder whole: a killed process leaves the old one or the new one."""

import os
from collections.abc import Callable

import tensorflow as tf


def write_folder(path: str, write: Callable[[str], None]) -> None:
    """Calls `write` with a temporary folder beside `path`, then renames it to `path`.

    A folder that is at `path` already is replaced.
    """
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.tmp")
    if tf.io.gfile.exists(temporary):  # Of a process that was killed.
        tf.io.gfile.rmtree(temporary)
    tf.io.gfile.makedirs(os.path.dirname(path))
    write(temporary)
    if tf.io.gfile.exists(path):
        tf.io.gfile.rmtree(path)
    tf.io.gfile.rename(temporary, path)


def keep_newest(folder: str, keep: int) -> None:
    """Removes all but the `keep` subfolders of highest number; 0 keeps all."""
    steps = sorted(
        int(name.rstrip("/")) for name in tf.io.gfile.listdir(folder) if name.rstrip("/").isdigit()
    )
    for step in steps[:-keep] if keep else []:
        tf.io.gfile.rmtree(os.path.join(folder, str(step)))
