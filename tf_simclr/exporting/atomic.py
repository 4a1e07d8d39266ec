"""Writing a folder whole: a killed process leaves the old one or the new one."""

import functools
import os
from collections.abc import Callable

import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.file_errors import reason


def write_folder(
    path: str, write: Callable[[str], None], report: Callable[[str], None] = print
) -> None:
    """Calls `write` with a temporary folder beside `path`, then renames it to `path`.

    A folder that is at `path` already is replaced: moved aside, and removed when the new one is in
    its place. One that a killed process left aside is brought back first. If `path` is a link, its
    target is replaced.

    Args:
      path: of the folder.
      write: makes the folder whose path it is given, and fills it.
      report: called with a line if something cannot be removed at the end, which is no failure.

    Raises:
      ValueError: if it cannot be written, as on a full disk; what was at `path` is still there.
    """
    place = path.rstrip("/") if buckets.is_remote(path) else os.path.realpath(path)
    parent, name = os.path.split(place)
    temporary, aside = (os.path.join(parent, f".{name}.{end}") for end in ("tmp", "old"))
    try:
        _bring_back(place, aside)
        for left in (temporary, aside):  # By a process that was killed.
            _remove(left)
        tf.io.gfile.makedirs(parent)
        write(temporary)
        if tf.io.gfile.exists(place):
            tf.io.gfile.rename(place, aside)
        tf.io.gfile.rename(temporary, place)
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(
            f"`output` must be a folder that can be written ({reason(error)}). Received:"
            f" output={path!r}. Checkpoints and an older export there are kept: give the"
            " same command again when that is fixed."
        ) from error
    finally:
        _tidy(temporary, _remove, report)
        _tidy(aside, functools.partial(_settle, place), report)


def _tidy(folder: str, act: Callable[[str], None], report: Callable[[str], None]) -> None:
    try:
        act(folder)
    except (tf.errors.OpError, OSError) as error:
        report(f"Note: {folder} cannot be removed, and may be left over ({reason(error)}).")


def _settle(place: str, aside: str) -> None:
    _bring_back(place, aside)
    _remove(aside)


def _bring_back(place: str, aside: str) -> None:
    if tf.io.gfile.exists(aside) and not tf.io.gfile.exists(place):
        tf.io.gfile.rename(aside, place)


def keep_newest(folder: str, keep: int, report: Callable[[str], None] = print) -> None:
    """Removes all but the `keep` subfolders of highest number; 0 keeps all.

    Args:
      folder: in which they are.
      keep: how many are left.
      report: called with a line for each that cannot be removed, which is no failure.
    """
    if not keep:
        return
    try:
        names = [name.rstrip("/") for name in tf.io.gfile.listdir(folder)]
    except (tf.errors.OpError, OSError) as error:
        report(f"Note: old exports in {folder} are kept: it cannot be listed ({reason(error)}).")
        return
    for step in sorted(int(name) for name in names if name.isdigit())[:-keep]:
        _tidy(os.path.join(folder, str(step)), _remove, report)


def _remove(folder: str) -> None:
    if tf.io.gfile.exists(folder):
        tf.io.gfile.rmtree(folder)
