"""Keys and sentences of a result in which several layers of a network were judged.

    layers                 ["stem", "stem_2x2", "block_group1", ...], in the network's order
    probe/stem             linear_probe_top1 of this layer; knn/stem and retrieval/stem likewise
    held_out/stem          the same probe on the fifth of train by which its strength is chosen
    features/stem          how many numbers it has of a picture
    best_layer             the layer with the highest held_out/...
    best_layer/knn_top1    a score of COLUMNS, of that layer

Raw pixels, at several sizes, HOG, with several cells, and the untrained network have these keys
after their prefix.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tf_simclr.reporting.names import ROWS

LAYERS = "layers"
# Beginnings of keys -> the key of the last layer's score.
OF_LAYER = {"probe": "linear_probe_top1", "knn": "knn_top1", "retrieval": "retrieval_at_1"}
HELD_OUT, LAYER_FEATURES = "held_out", "features"
BEST_LAYER = "best_layer"
JUDGE_ENDPOINTS = "judge_endpoints"  # which layers were asked for
LABELLED = "labelled_pictures"  # test pictures that the linear probe is judged on
FINER = "_2x2"  # at the end of the name of a stage that is not averaged


def layers_in(result: Mapping[str, Any], row: str = "") -> list[str]:
    """The layers of a network that a result has scores of, in their order; [] without any.

    Args:
      result: content of result.json.
      row: prefix of the keys, of ROWS.
    """
    scored = (*OF_LAYER, HELD_OUT)
    names = result.get(row + LAYERS) or []
    return [name for name in names if any(f"{row}{kind}/{name}" in result for kind in scored)]


def best_layers(result: Mapping[str, Any]) -> dict[str, str]:
    """Prefix of a row of ROWS -> its best layer, of those rows that have one."""
    return {row: result[row + BEST_LAYER] for row in ROWS if row + BEST_LAYER in result}


def layer_notes(result: Mapping[str, Any]) -> list[str]:
    """Sentences about a table of layers: how the best was chosen, and where 2x2 helps.

    Args:
      result: content of result.json.
    """
    best = best_layers(result)
    said = []
    if best:
        said.append(
            "The best layer is chosen by the linear probe on a fifth of the training pictures that"
            " it does not learn from. No test picture decides, so another layer may do better on"
            " them. Raw pixels have the choice among sizes, and HOG among cells."
        )
    return [*said, *_about_pooling(result)]


def _about_pooling(result: Mapping[str, Any]) -> list[str]:
    """Where a stage is better pooled to 2x2 than averaged; [] if no stage was judged both ways.

    A difference counts above the standard error of a difference of two independent shares. Both are
    of the same pictures, so the true one is smaller. One hit and one miss are added to each, as a
    share of 1 of few pictures is not certain.
    """
    names, pictures = layers_in(result), result.get(LABELLED, 0)
    pairs = {
        name: (result.get(f"probe/{name}"), result.get(f"probe/{name}{FINER}")) for name in names
    }
    known = {name: (a, b) for name, (a, b) in pairs.items() if a is not None and b is not None}
    if not known or not pictures:
        return []
    better: list[str] = []
    worse: list[str] = []
    error = 0.0
    for name, (averaged, finer) in known.items():
        one, other = ((share * pictures + 1) / (pictures + 2) for share in (averaged, finer))
        bound = math.sqrt((one * (1 - one) + other * (1 - other)) / pictures)
        error = max(error, bound)
        if abs(finer - averaged) > bound:
            points = f"{name} ({100 * (finer - averaged):+.1f} points)"
            (better if finer > averaged else worse).append(points)
    say = [f"helps at {_listed(better)}"] if better else ["helps at no stage"]
    say += [f"hurts at {_listed(worse)}"] if worse else []
    return [
        f"Pooling to 2x2 in place of averaging {' and '.join(say)}; by the linear probe,"
        f" differences below {100 * error:.1f} points may be chance."
    ]


def _listed(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))
