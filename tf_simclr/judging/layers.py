"""How good each layer is: the best one for a linear classifier is not always the last one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tf_simclr import progress
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.features import Features, extract_together
from tf_simclr.judging.endpoints import Layers
from tf_simclr.judging.judge import Judged, by_neighbours, judged_batches, probe
from tf_simclr.reporting.by_layer import (
    BEST_LAYER,
    HELD_OUT,
    LABELLED,
    LAYER_FEATURES,
    LAYERS,
    OF_LAYER,
)
from tf_simclr.reporting.names import COLUMNS, ROWS, in_text


def judge_layers(
    config: Config, data: Source, networks: Mapping[str, Layers], judged: Mapping[str, Judged]
) -> dict[str, Any]:
    """Judges layers by labels and by what pictures show, and chooses the best one of each network.

    All vectors of one network are in memory together: 4 bytes for each of at most judge_examples
    pictures of each split and each feature of each layer.

    Args:
      config: of the evaluation.
      data: of the config.
      networks: prefix of a row -> its layers.
      judged: prefix of a row -> what `judge` found of its last layer.

    Returns:
      Keys of reporting.by_layer -> values, without those that the data cannot give; a printed line
      says what is left out, and why.
    """
    labels, test = judged[""].labels, judged[""].test
    if labels is None and (test.identities is None or test.groups is None):
        print("No layer is judged: there are no labels to judge by, and nothing to retrieve.")
        return {}
    result: dict[str, Any] = {}
    left_out: dict[str, str] = {}  # Judge or layer -> the line that says why.
    for row, layers in networks.items():
        result |= _of_network(config, data, row, layers, judged[row], left_out)
    if labels is not None:
        result[LABELLED] = int((labels >= 0).sum())
        if BEST_LAYER not in result and any(key.startswith("probe/") for key in result):
            print("No best layer is chosen: no class has two labelled training pictures.")
    for line in left_out.values():
        print(line)
    return result


def _of_network(
    config: Config,
    data: Source,
    row: str,
    layers: Layers,
    last: Judged,
    left_out: dict[str, str],
) -> dict[str, Any]:
    """The keys of one network."""

    def features(split: str, *, labelled: bool = False) -> dict[str, Features]:
        batches = judged_batches(config, data, split, labelled=labelled)
        limit = config.evaluation.judge_examples
        return extract_together(layers.features, batches, limit=limit)

    labels, test = last.labels, features(config.data.eval_split)
    train = {} if labels is None else features(config.data.train_split, labelled=True)
    names = [name for name in layers.names if name in test]
    for name in layers.names:
        if name not in test:
            left_out[name] = f"{name} is left out: at this picture size the map is one pixel wide."
    final = test[layers.last].vectors if layers.last in test else None
    found: dict[str, Any] = {row + LAYERS: names}
    held_out: dict[str, float] = {}
    scores: dict[str, Mapping[str, float | None]] = {}
    title = f"Judging layers of {in_text(ROWS[row])}"
    for name in progress.each(names, title, len(names)):
        one, known = test.pop(name), train.pop(name, None)
        # The last group of a ResNet, averaged, is its last layer.
        if name == layers.last or (final is not None and np.array_equal(one.vectors, final)):
            scores[name], accuracy = last.scores, last.held_out
        else:
            scores[name], accuracy = _scores(config, one, known, labels, left_out)
        if accuracy is not None:
            held_out[name] = found[f"{row}{HELD_OUT}/{name}"] = accuracy
        of_layer = {kind: scores[name].get(key) for kind, key in OF_LAYER.items()}
        found |= {f"{row}{kind}/{name}": v for kind, v in of_layer.items() if v is not None}
        found[f"{row}{LAYER_FEATURES}/{name}"] = one.vectors.shape[1]
    if held_out:
        # Of equally good ones the last layer, which is exported, or else the first.
        best = max(held_out, key=lambda name: (held_out[name], name == layers.last))
        found[row + BEST_LAYER] = best
        values = {key: scores[best].get(key) for key in COLUMNS}
        found |= {f"{row}{BEST_LAYER}/{key}": v for key, v in values.items() if v is not None}
    return found


def _scores(
    config: Config,
    test: Features,
    train: Features | None,
    labels: np.ndarray | None,
    left_out: dict[str, str],
) -> tuple[dict[str, float | None], float | None]:
    """The scores of a layer, and the held-out accuracy of its probe."""

    def tell(judge: str, error: ValueError) -> None:
        # Said once: it is mostly the same for all layers.
        left_out.setdefault(judge, f"The {judge} of layers is left out: {error}")

    scores, held_out = by_neighbours(train, test, tell), None
    if train is not None and labels is not None:
        probed = probe(config, train, test, labels, tell)
        if probed is not None:
            scores, held_out = {**scores, **probed.scores}, probed.held_out
    return scores, held_out
