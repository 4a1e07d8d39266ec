"""whitening.npz in a run's folder: the whitening of its pyramid at one step.

Arrays: mean [features], projection [features, kept], step [].
"""

import io
import os
import zipfile

import numpy as np
import tensorflow as tf

from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.workdir import run_folder

WHITENING = "whitening.npz"


def write_whitening(folder: str, step: int, whitening: Whitening) -> None:
    """Writes the whitening in place of another step's.

    Args:
      folder: of the run.
      step: of the network whose features it was fitted on.
      whitening: of its pyramid.
    """
    held = io.BytesIO()
    np.savez(held, step=step, **whitening._asdict())
    run_folder.write_atomically(os.path.join(folder, WHITENING), held.getvalue())


def read_whitening(folder: str, step: int) -> Whitening | None:
    """The whitening of a step; None if there is none, or the file is damaged.

    Args:
      folder: of the run.
      step: of the network.
    """
    try:
        with tf.io.gfile.GFile(os.path.join(folder, WHITENING), "rb") as file:
            held = np.load(io.BytesIO(file.read()), allow_pickle=False)
        return Whitening(held["mean"], held["projection"]) if held["step"] == step else None
    except (tf.errors.OpError, OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        return None
