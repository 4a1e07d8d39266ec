"""Classifiers trained with few labels of emoji32, and what they get right."""

from collections.abc import Iterator

import numpy as np

from tf_simclr import load_classifier
from tf_simclr.assembly import build_data
from tf_simclr.config import Config


def top_1(config: Config) -> float:
    """The share of the test pictures whose class a run's classifier gives, in [0, 1].

    Args:
      config: of the run; its evaluation says how pictures are shown.
    """
    right = np.concatenate(list(_right(config)))
    return float(right.mean())


def _right(config: Config) -> Iterator[np.ndarray]:
    """Batch by batch, for each labelled picture whether its class is found: bool [labelled]."""
    classifier = load_classifier(config.run.model_dir)
    data = build_data.source(config)
    for batch in build_data.evaluation_data(config, data, config.data.eval_split):
        labels = batch["label"].numpy()
        found = classifier(batch["image"]).numpy().argmax(axis=1)
        yield (found == labels)[labels >= 0]
