"""Checkpoints of a run: written whole or not at all, newest good one first, N kept.

TensorFlow writes the tensors to temporary files, renames them, and only then names the checkpoint
in the folder's state file, itself replaced by a rename: a process killed while writing leaves the
previous checkpoint as the newest. What a disk does to a file later is found by reading it through.
"""

import os
from collections.abc import Callable, Mapping

import tensorflow as tf

PREFIX = "ckpt"
SUPERVISED_KERNEL = "supervised_head/kernel/.ATTRIBUTES/VARIABLE_VALUE"


class Checkpoints:
    """The checkpoints `ckpt-STEP` of one folder.

    Args:
      directory: of the run.
      parts: name -> Keras object; the names are the checkpoint's top-level keys.
      keep: how many to keep; 0 keeps all.
      report: told in one line of a checkpoint that cannot be read.
    """

    def __init__(
        self,
        directory: str,
        parts: Mapping[str, tf.Module],
        *,
        keep: int = 0,
        report: Callable[[str], None] = print,
    ):
        self._checkpoint = tf.train.Checkpoint(**parts)
        self._manager = tf.train.CheckpointManager(
            self._checkpoint, directory, max_to_keep=keep or None, checkpoint_name=PREFIX
        )
        self._report = report

    def save(self, step: int) -> str:
        """Writes ckpt-`step`, drops the oldest beyond `keep`, returns the path."""
        return self._manager.save(checkpoint_number=step)

    def restore_newest(self) -> int | None:
        """Restores the newest checkpoint that can be read; its step, or None if there is none.

        Raises:
          ValueError: if there are checkpoints and none can be read, or one does not fit.
        """
        paths = list(reversed(self._manager.checkpoints))
        for path in paths:
            if is_whole(path):
                _restore(self._checkpoint, path)
                return step_of(path)
            self._report(f"Checkpoint {path} is damaged and passed over; the one before is used.")
        if paths:
            raise ValueError(
                f"`model_dir` holds {len(paths)} checkpoints and none can be read. Received:"
                f" model_dir={os.path.dirname(paths[0])!r}. Give another folder to start afresh."
            )
        return None


def step_of(path: str) -> int:
    """The step in a checkpoint's name: ckpt-120 -> 120."""
    return int(path.rsplit("-", 1)[-1])


def is_whole(path: str) -> bool:
    """Whether every tensor of the checkpoint at prefix `path` can be read (checksums included)."""
    try:
        reader = tf.train.load_checkpoint(path)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)
    except (tf.errors.OpError, ValueError, RuntimeError, IndexError):
        return False
    return True


def find(path: str) -> str:
    """The checkpoint prefix behind a run's folder, a prefix, or an export of this project.

    Raises:
      ValueError: if there is none, or it cannot be read.
    """
    candidates = [path, os.path.join(path, "variables", "variables")]
    if tf.io.gfile.isdir(path):
        state = tf.train.get_checkpoint_state(path)
        candidates[:0] = reversed(state.all_model_checkpoint_paths) if state else []
    existing = [prefix for prefix in candidates if tf.io.gfile.exists(prefix + ".index")]
    if not existing:
        raise ValueError(
            "`checkpoint` must be a run's folder, a checkpoint's prefix (without .index) or an"
            f" exported model. Received: checkpoint={path!r}, where there is none."
        )
    for prefix in existing:
        if is_whole(prefix):
            return prefix
    raise ValueError(f"`checkpoint` cannot be read: it is damaged. Received: checkpoint={path!r}.")


def warm_start(prefix: str, parts: Mapping[str, tf.Module]) -> list[str]:
    """Restores those `parts` that the checkpoint at `prefix` has and that fit; their names.

    The encoder must be there and fit. A projection head must fit if it is there. A classifier of
    another number of classes is left as it is.

    Raises:
      ValueError: if the encoder or the projection head does not fit.
    """
    shapes = dict(tf.train.list_variables(prefix))
    found = {name for name in parts if any(key.startswith(name + "/") for key in shapes)}
    head = parts.get("supervised_head")
    if head is not None and list(shapes.get(SUPERVISED_KERNEL, ())) != head.kernel.shape.as_list():
        found.discard("supervised_head")
    if "encoder" not in found:
        raise ValueError(f"`checkpoint` must hold an encoder. Received: checkpoint={prefix!r}.")
    _restore(tf.train.Checkpoint(**{name: parts[name] for name in found}), prefix)
    return sorted(found)


def _restore(checkpoint: tf.train.Checkpoint, path: str) -> None:
    try:
        checkpoint.restore(path).assert_existing_objects_matched().expect_partial()
    except (ValueError, AssertionError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"`checkpoint` does not fit this architecture. Received: checkpoint={path!r}. ({reason})"
            " Give the flags that it was trained with."
        ) from error
