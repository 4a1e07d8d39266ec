"""TensorBoard event files: scalars written during training, and read back for the report."""

import csv
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from tf_simclr import buckets

TRAIN = "train"


class Summaries:
    """Writes a run's scalars and images to `directory`/`name`. Tags are the original's.

    Args:
      directory: of the run.
      name: of the folder, which TensorBoard shows as a run of its own.
    """

    def __init__(self, directory: str, name: str = TRAIN):
        self._writer = tf.summary.create_file_writer(os.path.join(directory, name))

    def scalars(self, values: dict[str, float], step: int) -> None:
        """Writes tag -> value at `step`."""
        with self._writer.as_default():
            for tag, value in values.items():
                tf.summary.scalar(tag, value, step=step)

    def image(self, tag: str, images: np.ndarray, step: int) -> None:
        """Writes float images [n, height, width, 3] in [0, 1] at `step`."""
        with self._writer.as_default():
            tf.summary.image(tag, images, step=step, max_outputs=len(images))

    def settings(self, values: Mapping[str, Any], name: str) -> None:
        """Writes settings, which TensorBoard compares over runs in its tab HPARAMS.

        Args:
          values: name -> bool, int, float, text, or None, which is written as "".
          name: of the run.
        """
        with self._writer.as_default():
            known = {key: "" if value is None else value for key, value in values.items()}
            hparams.hparams(known, trial_id=name)

    def flush(self) -> None:
        """Writes what is buffered to disk."""
        self._writer.flush()


def read_scalars(directory: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """All scalars of a run: tag -> (steps int64 [n], values float64 [n]) in order of steps.

    If a run was killed and repeated steps, the later value counts. A file that ends in the middle
    of a record is read up to there.
    """
    points: dict[str, dict[int, tuple[float, float]]] = {}  # tag -> step -> (time, value)
    for path in _event_files(os.path.join(directory, TRAIN)):
        for event in _events(path):
            for value in event.summary.value:
                if value.metadata.plugin_data.plugin_name == "scalars":
                    series = points.setdefault(value.tag, {})
                    written = event.wall_time, float(tf.make_ndarray(value.tensor))
                    series[event.step] = max(written, series.get(event.step, written))
    return {
        tag: (
            np.array(sorted(series), np.int64),
            np.array([series[step][1] for step in sorted(series)], np.float64),
        )
        for tag, series in points.items()
    }


def training_seconds(directory: str) -> float:
    """How long a run has trained, by the times of its scalars, without pauses between processes.

    Args:
      directory: of the run.

    Returns:
      0 if fewer than two steps have scalars. The time before the first ones does not count.
    """
    seconds = 0.0
    for path in _event_files(os.path.join(directory, TRAIN)):  # Each process writes its own.
        times = [event.wall_time for event in _events(path) if event.summary.value]
        seconds += max(times, default=0.0) - min(times, default=0.0)
    return seconds


def as_csv(scalars: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> str:
    """A table of all scalars: a row for each step, a column for each tag, gaps where none is.

    >>> as_csv({"loss": (np.array([1, 2]), np.array([0.5, 0.25]))}).split()
    ['step,loss', '1,0.5', '2,0.25']

    Args:
      scalars: tag -> (steps int64 [n], values float64 [n]), as `read_scalars` gives them.
    """
    rows: dict[int, dict[str, float]] = {}
    for tag, (steps, values) in scalars.items():
        for step, value in zip(steps.tolist(), values.tolist()):
            rows.setdefault(step, {})[tag] = value
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["step", *sorted(scalars)])
    for step in sorted(rows):
        writer.writerow([step, *(rows[step].get(tag, "") for tag in sorted(scalars))])
    return text.getvalue()


def _event_files(folder: str) -> list[str]:
    names = tf.io.gfile.listdir(folder) if buckets.is_folder(folder) else []
    return [os.path.join(folder, name) for name in names if "tfevents" in name]


def _events(path: str) -> Iterator[tf.compat.v1.Event]:
    try:
        for record in tf.data.TFRecordDataset(path):
            yield tf.compat.v1.Event.FromString(record.numpy())
    except tf.errors.DataLossError:  # The process was killed while it wrote.
        return
