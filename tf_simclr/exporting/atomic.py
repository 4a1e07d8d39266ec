"""Writing a folder whole: a killed process leaves the old one or the new one."""

import os
from collections.abc import Callable

import tensorflow as tf


def write_folder(path: str, write: Callable[[str], None]) -> None:
    """Calls `write` with a temporary folder beside `path`, then renames it to `path`.

    A folder that is at `path` already is replaced: moved aside, and removed when the new one is in
    its place. One that a killed process left aside is brought back first.

    Raises:
      ValueError: if it cannot be written, as on a full disk; what was at `path` is still there.
    """
    parent, name = os.path.split(path.rstrip("/"))
    temporary, aside = (os.path.join(parent, f".{name}.{end}") for end in ("tmp", "old"))
    try:
        if tf.io.gfile.exists(aside) and not tf.io.gfile.exists(path):
            tf.io.gfile.rename(aside, path)
        for left in (temporary, aside):  # Of a process that was killed.
            _remove(left)
        tf.io.gfile.makedirs(parent or ".")
        write(temporary)
        if tf.io.gfile.exists(path):
            tf.io.gfile.rename(path, aside)
        tf.io.gfile.rename(temporary, path)
    except (tf.errors.OpError, OSError) as error:
        _remove(temporary)
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise ValueError(
            f"`output` must be a folder that can be written ({reason}). Received: output={path!r}."
            " Nothing that was there has changed."
        ) from error
    _remove(aside)


def keep_newest(folder: str, keep: int) -> None:
    """Removes all but the `keep` subfolders of highest number; 0 keeps all."""
    steps = sorted(
        int(name.rstrip("/")) for name in tf.io.gfile.listdir(folder) if name.rstrip("/").isdigit()
    )
    for step in steps[:-keep] if keep else []:
        tf.io.gfile.rmtree(os.path.join(folder, str(step)))


def _remove(folder: str) -> None:
    if tf.io.gfile.exists(folder):
        tf.io.gfile.rmtree(folder)
