"""What was fitted on the features of a trained network, in a run's folder: one file for each kind.

    whitening.npz     a Whitening of its pyramid: mean [features], projection [features, kept]
    classifier.npz    a LinearClassifier: kernel [features, classes], bias [classes]

Each also has step [], that of the network.
"""

import io
import os
from typing import NamedTuple, TypeVar

import numpy as np
import tensorflow as tf

from tf_simclr.evaluation.linear_classifier import LinearClassifier
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.file_errors import DAMAGES, reason
from tf_simclr.workdir import run_folder

FILES: dict[type, str] = {Whitening: "whitening.npz", LinearClassifier: "classifier.npz"}

Fitted = TypeVar("Fitted", bound=NamedTuple)


def write_fitted(folder: str, step: int, fitted: NamedTuple) -> None:
    """Writes it in place of another step's.

    Args:
      folder: of the run.
      step: of the network whose features it was fitted on.
      fitted: of a kind in FILES.
    """
    held = io.BytesIO()
    np.savez(held, step=step, **fitted._asdict())
    path = os.path.join(folder, FILES[type(fitted)])
    run_folder.write_atomically(path, held.getvalue())


def read_fitted(folder: str, step: int, kind: type[Fitted]) -> Fitted | None:
    """What was fitted at a step; None if there is nothing, or the file cannot be read.

    A file that is damaged, or may not be read, is named in a line with the reason.

    Args:
      folder: of the run.
      step: of the network.
      kind: one of FILES.
    """
    path = os.path.join(folder, FILES[kind])
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            held = np.load(io.BytesIO(file.read()), allow_pickle=False)
        return kind(*(held[name] for name in kind._fields)) if held["step"] == step else None
    except tf.errors.NotFoundError:
        return None
    except tf.errors.OpError as error:
        told = reason(error)
    except DAMAGES:
        told = f"{path} is damaged"
    print(f"Note: {FILES[kind]} is not used ({told}).")
    return None
