"""How good the pyramid is, with whitened neighbours; baselines get the same whitening."""

import dataclasses
from collections.abc import Mapping

from tf_simclr import progress
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Features
from tf_simclr.judging.judge import Judged, by_neighbours, probe
from tf_simclr.reporting.names import COLUMNS, FEATURES, PYRAMID

# Of a linear probe: pictures * features * classes. At 10^9 its five fits take about five minutes of
# two cores; of ImageNet and a ResNet-50 they would take hours.
MOST_WORK = 1e9


def judge_pyramid(config: Config, data: Source, judged: Mapping[str, Judged]) -> dict[str, float]:
    """Judges pyramids by labels and by what pictures show, and other features in the same way.

    The linear probe reads features as they are, and is left out where it would take long. kNN and
    retrieval compare them after PCA whitening, which is fitted on the training pictures
    (evaluation/whitening.py).

    Args:
      config: of the evaluation.
      data: of the config.
      judged: prefix of a row of reporting.names.ROWS -> what `judge` found of its features, with
        the pyramid `beside` them. Rows without one, such as raw pixels, keep their features.

    Returns:
      PYRAMID + prefix of a row + key of COLUMNS -> share in [0, 1]; and FEATURES. Empty without a
      pyramid, or where nothing is judged by labels.
    """
    if judged[""].beside is None:
        return {}
    result: dict[str, float] = {}
    for row, found in judged.items():
        assert found.train is not None and found.labels is not None  # As of the first row.
        known, one = found.beside or (found.train, found.test)
        scores: dict[str, float | None] = dict(found.scores)
        if found.beside is not None:
            with progress.during("Fitting the linear probe"):
                probed = probe(config, known, one, found.labels) if _quick(data, known) else None
            scores = dict(probed.scores) if probed else {}
        scores |= by_neighbours(*_whitened(known, one))
        scores[FEATURES] = one.vectors.shape[1]
        keys = (*COLUMNS, FEATURES)
        told = {key: value for key in keys if (value := scores.get(key)) is not None}
        result |= {f"{PYRAMID}{row}{key}": value for key, value in told.items()}
    return result


def _quick(data: Source, train: Features) -> bool:
    """Whether the linear probe takes minutes at most."""
    return train.vectors.size * data.num_classes <= MOST_WORK


def _whitened(train: Features, test: Features) -> tuple[Features, Features]:
    white = whitening.fit(train.vectors)
    changed = [dataclasses.replace(one, vectors=white(one.vectors)) for one in (train, test)]
    return changed[0], changed[1]
