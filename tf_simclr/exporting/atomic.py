"""Writing a folder whole: a killed process leaves the old one or the new one."""

import os
from collections.abc import Callable

import tensorflow as tf

from tf_simclr.file_errors import reason


def write_folder(path: str, write: Callable[[str], None]) -> None:
    """Calls `write` with a temporary folder beside `path`, then renames it to `path`.

    A folder that is at `path` already is replaced: moved aside, and removed when the new one is in
    its place. One that a killed process left aside is brought back first. Of a link the folder that
    it leads to is replaced.

    Raises:
      ValueError: if it cannot be written, as on a full disk; what was at `path` is still there.
    """
    place = path.rstrip("/") if "://" in path else os.path.realpath(path)
    parent, name = os.path.split(place)
    temporary, aside = (os.path.join(parent, f".{name}.{end}") for end in ("tmp", "old"))
    try:
        _bring_back(aside, place)
        for left in (temporary, aside):  # Of a process that was killed.
            _remove(left)
        tf.io.gfile.makedirs(parent)
        write(temporary)
        if tf.io.gfile.exists(place):
            tf.io.gfile.rename(place, aside)
        tf.io.gfile.rename(temporary, place)
        _remove(aside)
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(
            f"`output` must be a folder that can be written ({reason(error)}). Received:"
            f" output={path!r}."
            " What was there before still is."
        ) from error
    finally:
        _bring_back(aside, place)
        _remove(temporary)


def _bring_back(aside: str, place: str) -> None:
    if tf.io.gfile.exists(aside) and not tf.io.gfile.exists(place):
        tf.io.gfile.rename(aside, place)


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
