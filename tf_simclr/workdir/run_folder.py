"""The folder of a run: its settings and results, and a lock for one process at a time."""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from tf_simclr import buckets, stopping
from tf_simclr.config import Config
from tf_simclr.file_errors import reason
from tf_simclr.workdir import bucket_lock

SETTINGS = "flags.json"
RESULT = "result.json"
LOCK = ".lock"


def write_atomically(path: str, content: str | bytes) -> None:
    """Replaces the file at `path` in one step: a reader sees the old content or the new."""
    temporary = f"{path}.{os.getpid()}.tmp"
    with tf.io.gfile.GFile(temporary, "wb" if isinstance(content, bytes) else "w") as file:
        file.write(content)
    tf.io.gfile.rename(temporary, path, overwrite=True)


def read_settings(model_dir: str) -> Config | None:
    """The settings that the run in `model_dir` was started with, or None if there is no run.

    Raises:
      ValueError: if the file of settings cannot be understood.
    """
    path = os.path.join(model_dir, SETTINGS)
    if not tf.io.gfile.exists(path):
        return None
    try:
        with tf.io.gfile.GFile(path) as file:
            return Config.from_json(file.read())
    except (ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"`model_dir` holds a {SETTINGS} that cannot be read ({error}). Received:"
            f" model_dir={model_dir!r}. Restore or delete {path!r}, or give another folder."
        ) from error


def write_settings(config: Config, folder: str) -> None:
    """Writes the config to the folder's flags.json, with an absolute data_dir."""
    values = config.flat() | {"data_dir": from_anywhere(config.data.data_dir)}
    write_atomically(os.path.join(folder, SETTINGS), Config.from_flat(values).to_json())


def from_anywhere(path: str | None) -> str | None:
    """A path that names the same place from any working folder: absolute, or remote."""
    return path if path is None or buckets.is_remote(path) else os.path.abspath(path)


def absolute(path: str | None) -> str | None:
    """An absolute or remote path without links and dots: equal paths mean equal places."""
    if path is None or buckets.is_remote(path):
        return path and path.rstrip("/")
    return os.path.realpath(path)


def require_model_dir(config: Config) -> str:
    """The config's model_dir. Raises ValueError if there is none."""
    if not config.run.model_dir:
        raise ValueError(
            "`model_dir` must name the folder of the run."
            f" Received: model_dir={config.run.model_dir!r}. Give --model_dir=DIR."
        )
    return config.run.model_dir


def make_writable(model_dir: str) -> None:
    """Creates the folder where there is none. Raises ValueError if it cannot be written."""
    probe = os.path.join(model_dir, f".writable.{os.getpid()}")
    try:
        tf.io.gfile.makedirs(model_dir)
        with tf.io.gfile.GFile(probe, "w") as file:
            file.write("")
        tf.io.gfile.remove(probe)
    except (tf.errors.OpError, OSError) as error:
        raise ValueError(
            f"`model_dir` must be a folder that can be written ({reason(error)})."
            f" Received: model_dir={model_dir!r}."
        ) from error


def changed_settings(ours: Config, theirs: Config, *, free: Collection[str]) -> str:
    """What differs between two configs, in words: "image_size is 32 and was 48"; "" for nothing.

    Args:
      ours: the config now.
      theirs: the settings before.
      free: names of flags that may differ.
    """
    before, now = placed(theirs), placed(ours)
    return said({n: (now[n], before[n]) for n in now if n not in free and now[n] != before[n]})


def placed(config: Config) -> dict[str, Any]:
    """The config's flags by name, for comparison: folders by `absolute`, and no "auto"."""
    meant = {"data_dir": absolute(config.data.data_dir), "augment_on": config.views_on}
    return config.flat() | meant


def said(pairs: Mapping[str, tuple[Any, Any]]) -> str:
    """Flags and their values now and before in words: "image_size is 32 and was 48, ..."."""
    return ", ".join(f"{name} is {now!r} and was {was!r}" for name, (now, was) in pairs.items())


class Workplace(NamedTuple):
    """A folder that this process writes to.

    Attributes:
      folder: its path.
      require_held: raises ValueError once another process has taken it over.
    """

    folder: str
    require_held: Callable[[], None]


@contextlib.contextmanager
def workplace(model_dir: str, *, chief: bool) -> Iterator[Workplace]:
    """Where this process writes.

    Args:
      model_dir: of the run, which the chief makes and holds.
      chief: whether this process writes there. Other workers must take part in all writes, and get
        a temporary folder for them.

    Raises:
      ValueError: if it cannot be written; NotNow, if another live process holds it.
    """
    if not chief:
        with tempfile.TemporaryDirectory() as folder:
            yield Workplace(folder, _held_for_good)
        return
    make_writable(model_dir)
    with lock(model_dir) as require_held:
        yield Workplace(model_dir, require_held)


def _held_for_good() -> None:
    """Does nothing: nobody can take the folder over."""


@contextlib.contextmanager
def lock(model_dir: str) -> Iterator[Callable[[], None]]:
    """Holds the run's folder for this process; the system releases it however the process ends.

    In a bucket this is bucket_lock.hold. On a file system without locks, such as other remote ones,
    it does nothing.

    Yields:
      A function that raises ValueError once another process has taken the folder over, which can
      happen only in a bucket.

    Raises:
      NotNow: if another live process holds it.
    """
    if buckets.in_bucket(model_dir):
        with bucket_lock.hold(model_dir) as require_held:
            yield require_held
        return
    if buckets.is_remote(model_dir):
        yield _held_for_good
        return
    import fcntl  # Absent on Windows, where nothing else here has been tried either.

    with open(os.path.join(model_dir, LOCK), "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise stopping.NotNow(
                f"`model_dir` is in use by another live process (pid {holder})."
                f" Received: model_dir={model_dir!r}. Wait for it, or give another folder."
            ) from error
        except OSError:  # No locks here.
            yield _held_for_good
            return
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield _held_for_good


def is_locked(model_dir: str) -> bool:
    """Whether a live process trains in the folder; nothing there is changed."""
    if buckets.in_bucket(model_dir):
        return bucket_lock.is_held(model_dir)
    path = os.path.join(model_dir, LOCK)
    if buckets.is_remote(model_dir) or not os.path.exists(path):
        return False
    import fcntl

    with open(path) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
    return False


def read_result(model_dir: str) -> dict[str, Any]:
    """The content of result.json, or {} if there is none or it is damaged."""
    return read_facts(os.path.join(model_dir, RESULT))


def read_facts(path: str) -> dict[str, Any]:
    """A JSON file's names and values, or {} if there is none or it is damaged."""
    try:
        with tf.io.gfile.GFile(path) as file:
            facts = json.loads(file.read())
    except (ValueError, tf.errors.OpError):
        return {}
    return facts if isinstance(facts, dict) else {}
