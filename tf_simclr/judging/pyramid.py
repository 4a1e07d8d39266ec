"""How good the pyramid is, with whitened neighbours; baselines get the same whitening."""

import dataclasses
from collections.abc import Mapping

from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Features, Network, extract
from tf_simclr.judging.judge import Judged, by_neighbours, judged_batches, probe
from tf_simclr.reporting.names import COLUMNS, FEATURES, PYRAMID


def judge_pyramid(
    config: Config, data: Source, pyramids: Mapping[str, Network], judged: Mapping[str, Judged]
) -> dict[str, float]:
    """Judges pyramids by labels and by what pictures show, and other features in the same way.

    The linear probe reads features as they are. kNN and retrieval compare them after PCA
    whitening, which is fitted on the training pictures (evaluation/whitening.py).

    Args:
      config: of the evaluation.
      data: of the config.
      pyramids: prefix of a row of reporting.names.ROWS -> the pyramid of its network.
      judged: prefix of a row -> what `judge` found of its features. Rows without a pyramid, such
        as raw pixels, keep their features.

    Returns:
      PYRAMID + prefix of a row + key of COLUMNS -> share in [0, 1]; and FEATURES. Empty where
      nothing is judged by labels.
    """
    if judged[""].train is None:
        return {}

    def features(split: str, *, labelled: bool = False) -> dict[str, Features]:
        batches = judged_batches(config, data, split, labelled=labelled)
        return extract(pyramids, batches, limit=config.evaluation.judge_examples)

    test = features(config.data.eval_split)
    train = features(config.data.train_split, labelled=True)
    result: dict[str, float] = {}
    for row, found in judged.items():
        assert found.train is not None and found.labels is not None  # As of the first row.
        if row in pyramids:
            one, known = test.pop(row), train.pop(row)
            probed = probe(config, known, one, found.labels)
            scores = dict(probed.scores) if probed else {}
        else:
            one, known, scores = found.test, found.train, found.scores
        near = by_neighbours(*_whitened(known, one))
        scores = {**scores, **near, FEATURES: one.vectors.shape[1]}
        keys = (*COLUMNS, FEATURES)
        told = {key: scores[key] for key in keys if scores.get(key) is not None}
        result |= {f"{PYRAMID}{row}{key}": value for key, value in told.items()}
    return result


def _whitened(train: Features, test: Features) -> tuple[Features, Features]:
    white = whitening.fit(train.vectors)
    changed = [dataclasses.replace(one, vectors=white(one.vectors)) for one in (train, test)]
    return changed[0], changed[1]
