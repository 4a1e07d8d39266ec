"""labels.txt in a run's folder: the pictures whose labels it was given, if not all."""

import os

import tensorflow as tf

from tf_simclr.data.labelled_subset import LabelledSubset
from tf_simclr.data.name_lists import as_lines, names_in
from tf_simclr.data.source import Source
from tf_simclr.workdir import run_folder

LABELS = "labels.txt"


def check_labels(data: Source, model_dir: str, step: int) -> None:
    """Checks that a resumed run still has all labels that it has learned from.

    Args:
      data: of the run.
      model_dir: of the run.
      step: where it resumes.

    Raises:
      ValueError: if labels that it has learned from are left out now.
    """
    if not step or not isinstance(data, LabelledSubset):
        return
    path = os.path.join(model_dir, LABELS)
    knew = "all labels"
    if tf.io.gfile.exists(path):
        if set(_read_labels(path)) <= set(data.labelled):
            return
        knew = f"other labels, those in {LABELS}"
    raise ValueError(
        "`model_dir` must not hold a run that has learned from labels that are left out now."
        f" Received: model_dir={model_dir!r}, at step {step} with {knew}. Give another folder."
    )


def write_labels(data: Source, folder: str) -> None:
    """Writes to a run's folder which pictures have labels, if not all do, and prints how many.

    Args:
      data: of the run.
      folder: of the run; if all labels are known, the file of an earlier choice is removed.
    """
    path = os.path.join(folder, LABELS)
    if not isinstance(data, LabelledSubset):
        if tf.io.gfile.exists(path):  # The run goes on with all labels.
            tf.io.gfile.remove(path)
        return
    run_folder.write_atomically(path, as_lines(data.labelled))
    others = "are left out" if data.drop else "have none"
    print(
        f"{len(data.labelled)} of {data.source.num_examples(data.split)} pictures in"
        f" {data.split!r} have labels ({LABELS} names them), the others {others}."
    )


def _read_labels(path: str) -> list[str]:
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            return names_in(file.read().decode())
    except (tf.errors.OpError, UnicodeDecodeError) as error:
        raise ValueError(
            f"`model_dir` holds a {LABELS} that cannot be read ({error}). Received:"
            f" model_dir={os.path.dirname(path)!r}. Restore {path!r}, or give another folder."
        ) from error
