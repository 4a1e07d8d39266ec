"""Checkpoints of a run: written whole or not at all, newest good one first, N kept.

TensorFlow writes the tensors to temporary files, renames them, and only then names the checkpoint
in the folder's state file, itself replaced by a rename: a process killed while writing leaves the
previous checkpoint as the newest. Later damage to a file is found by reading all of it.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import tensorflow as tf

from tf_simclr import buckets, plain_paths
from tf_simclr.file_errors import of_storage

PREFIX = "ckpt"


class NonFinite(Exception):
    """A run came to numbers that are NaN or infinite; they were not saved.

    Attributes:
      step: the first such step; the run's first step is 1.
    """

    def __init__(self, what: str, step: int):
        super().__init__(f"{what} of step {step} is not a finite number.")
        self.step = step


class Checkpoints:
    """The checkpoints `ckpt-STEP` of one folder, made in the scope of the strategy of their parts.

    Args:
      directory: of the run.
      parts: name -> Keras object; the names are the checkpoint's top-level keys.
      keep: how many to keep; 0 keeps all.
      report: called with one line if a checkpoint cannot be read.

    Raises:
      ValueError: if TensorFlow would not find in `directory` what it saves there.
    """

    def __init__(
        self,
        directory: str,
        parts: Mapping[str, tf.Module],
        *,
        keep: int = 0,
        report: Callable[[str], None] = print,
    ):
        plain_paths.require_plain("model_dir", directory)
        self._all_finite = _all_finite(list(parts.values()))
        self._checkpoint = tf.train.Checkpoint(**parts)
        newest_by_list(directory)  # The manager reads it too, without a clear error.
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, directory, max_to_keep=keep or None, checkpoint_name=PREFIX
        )
        self._directory = directory
        self._report = report
        self._at: int | None = None  # The step of the newest checkpoint, once this object knows it.

    def save(self, step: int) -> str:
        """Writes ckpt-`step` unless it was the last one, drops the oldest beyond `keep`; its path.

        Raises:
          NonFinite: before anything is written, if a weight is NaN or infinite.
          tf.errors.OpError: if it cannot be written; no part of it is left, and the others stay.
        """
        path = os.path.join(self._directory, f"{PREFIX}-{step}")
        if self._at != step:  # Rewriting a good file would risk it.
            if not self._all_finite():
                raise NonFinite("A weight at the end", step)
            try:
                self._manager.save(checkpoint_number=step)
            except tf.errors.OpError:
                unfinished = f"{path}_temp"
                if tf.io.gfile.exists(unfinished):  # A full disk needs the room.
                    tf.io.gfile.rmtree(unfinished)
                raise
            self._at = step
        return path

    def restore_newest(self, directory: str | None = None) -> int | None:
        """Restores the newest checkpoint that can be read; its step, or None if there is none.

        Args:
          directory: where to look; by default where this object saves.

        Raises:
          ValueError: if there are checkpoints and none can be read, or one does not fit.
        """
        directory = directory or self._directory
        path = newest_whole(directory, self._report)
        if path is not None:
            fit(self._checkpoint.restore, path)
            self._at = step_of(path)
            return self._at
        count = len(listed(directory))
        if count:
            raise ValueError(
                f"`model_dir` holds checkpoints ({count}) and none can be read. Received:"
                f" model_dir={directory!r}. Give another folder to start afresh."
            )
        return None


def step_of(path: str) -> int:
    """The step in a checkpoint's name: ckpt-120 -> 120."""
    return int(path.rsplit("-", 1)[-1])


def listed(directory: str) -> list[str]:
    """The prefixes of the checkpoints in a folder by step, good or damaged.

    It looks at the files, not at TensorFlow's list of them, which can be lost or lag behind.
    """
    if not buckets.is_folder(directory):
        return []
    names = [re.fullmatch(rf"({PREFIX}-\d+)\.index", n) for n in tf.io.gfile.listdir(directory)]
    prefixes = [os.path.join(directory, name[1]) for name in names if name]
    return sorted(prefixes, key=step_of)


def newest_whole(directory: str, report: Callable[[str], None] = print) -> str | None:
    """The newest checkpoint in a folder that can be read; `report` gets a line on damaged ones."""
    damaged: list[str] = []
    for path in reversed(listed(directory)):
        if is_whole(path):
            if damaged:
                report(f"Damaged and skipped: {', '.join(damaged)}. {path} is used instead.")
            return path
        damaged.append(path)
    return None


def is_whole(path: str) -> bool:
    """Whether every tensor of the checkpoint at prefix `path` can be read (checksums included).

    Raises:
      tf.errors.OpError, ValueError: if it lies in a bucket that cannot be read; it may be whole.
    """
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
        if of_storage(error):
            raise
        return False
    return True


def newest_by_list(directory: str) -> str | None:
    """The name of a folder's newest checkpoint in TensorFlow's own list; None if there is no list.

    Raises:
      ValueError: if the list is not text.
    """
    try:
        state = tf.train.get_checkpoint_state(directory)
    except UnicodeDecodeError as error:
        path = os.path.join(directory, "checkpoint")
        raise ValueError(
            "The list of checkpoints that TensorFlow keeps in a folder cannot be read. Received:"
            f" {path!r}. Delete it: nothing is lost with it."
        ) from error
    # Only the name counts in a path that is written there: the folder may have been moved.
    return os.path.basename(state.model_checkpoint_path) if state else None


def _all_finite(parts: Iterable[tf.Module]) -> Callable[[], bool]:
    """A function that checks all weights on their devices, and reads back one number.

    The variables are those that the parts have at its first call; each replica checks its own.
    """
    strategy = tf.distribute.get_strategy()

    def of_replica() -> tf.Tensor:
        variables = [v for part in parts for v in part.variables if v.dtype.is_floating]
        return tf.reduce_all([True, *(tf.reduce_all(tf.math.is_finite(v)) for v in variables)])

    @tf.function(autograph=False)
    def of_all() -> tf.Tensor:
        return tf.reduce_all(strategy.experimental_local_results(strategy.run(of_replica)))

    return lambda: bool(of_all())


def fit(restore: Callable[[str], Any], path: str) -> None:
    """Restores all objects of a tf.train.Checkpoint from a checkpoint, which may hold more.

    Args:
      restore: that object's `restore` or `read`.
      path: prefix of the checkpoint.

    Raises:
      ValueError: if one of them is not there, or does not fit.
    """
    try:
        restore(path).assert_existing_objects_matched().expect_partial()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0].split(" Showing ")[0]
        raise ValueError(
            f"`checkpoint` does not fit this architecture ({reason}). Received:"
            f" checkpoint={path!r}. Give the flags that it was trained with."
        ) from error
