"""Finds the checkpoint at the path that a user gives."""

import os
import re
from collections.abc import Callable

import tensorflow as tf

from tf_simclr import buckets, plain_paths
from tf_simclr.exporting import card
from tf_simclr.workdir import checkpoints


def find(path: str, report: Callable[[str], None] = print) -> str:
    """The checkpoint prefix of a run's folder, a prefix, an export, or a released model.

    Args:
      path: of any of these. A released model is a folder with a SavedModel, or with TensorFlow 1's
        model.ckpt-N: the one that the file `checkpoint` in it names, or else the newest.
      report: gets one line if checkpoints in a run's folder are damaged.

    Raises:
      ValueError: if there is no checkpoint, or it cannot be read.
    """
    plain_paths.require_plain("checkpoint", path)
    newest = checkpoints.newest_whole(path, report)
    if newest is not None:
        return newest
    candidates = [path, os.path.join(path, "variables", "variables"), *_tensorflow_1(path)]
    existing = [prefix for prefix in candidates if tf.io.gfile.exists(prefix + ".index")]
    if not existing and (told := card.read(path)):
        raise ValueError(
            f"`checkpoint` must hold weights. Received: checkpoint={path!r}, which is an export"
            f" whose weights cannot be read back: {told.format}. Give the run that it came from,"
            " or its export as hub_module or saved_model."
        )
    if not existing and not checkpoints.listed(path):
        raise ValueError(
            "`checkpoint` must be a run's folder, a checkpoint's prefix (without .index), an"
            " exported model, or the folder of a released model. Received:"
            f" checkpoint={path!r}, where there is none."
        )
    if existing and checkpoints.is_whole(existing[0]):
        return existing[0]
    raise ValueError(f"`checkpoint` cannot be read: it is damaged. Received: checkpoint={path!r}.")


def _tensorflow_1(directory: str) -> list[str]:
    """Prefixes of the TensorFlow 1 checkpoints in a folder, the one to use first."""
    if not buckets.is_folder(directory):
        return []
    names = [re.fullmatch(r"(model\.ckpt-(\d+))\.index", n) for n in tf.io.gfile.listdir(directory)]
    numbered = sorted(((int(name[2]), name[1]) for name in names if name), reverse=True)
    newest = checkpoints.newest_by_list(directory)
    named = [newest] if newest else []
    return [os.path.join(directory, name) for name in [*named, *(name for _, name in numbered)]]
