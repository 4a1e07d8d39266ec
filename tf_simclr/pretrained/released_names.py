"""The names of the original's variables: names -> roles, and roles -> names.

A role is the path of a variable in this project's networks: "layer1/dense/kernel" of the
projection head, "kernel" of the classifier. The names are those of TensorFlow 1 checkpoints;
`standard_name` converts TensorFlow 2's names to them.

    base_model/...          the encoder: see architectures/resnet_layers.py
    head_contrastive/{nl_j, l_0}/{dense/kernel, batch_normalization/...}
    head_supervised/linear_layer/dense/{kernel, bias}
    ema_model/<same>
"""

import re

from tf_simclr.architectures.resnet_layers import NORM, numbered

SCOPES = {
    "base_model": "base_model",
    "resnet": "base_model",  # TensorFlow 2
    "head_contrastive": "head_contrastive",
    "projection_head": "head_contrastive",  # TensorFlow 2
    "head_supervised": "head_supervised",
}
LAYERS = {
    "conv2d": "conv2d",
    "batch_normalization": "batch_normalization",
    "sync_batch_normalization": "batch_normalization",  # TensorFlow 2
    "dense": "dense",
}
LEAVES = {"kernel", "bias", *NORM}
EMA = "ema_model/"
CLASSIFIER = {leaf: f"head_supervised/linear_layer/dense/{leaf}" for leaf in ("kernel", "bias")}


def head_names(layers: int, *, linear: bool = False) -> dict[str, str]:
    """Role -> name of every variable of a projection head.

    Args:
      layers: number of Dense layers; 0 has no variables.
      linear: whether it is a linear head, whose layer has another name.
    """
    names: dict[str, str] = {}
    for number in range(layers):
        scope = "head_contrastive/" + ("l_0" if linear else f"nl_{number}")
        role, final = f"layer{number + 1}", number == layers - 1
        names[f"{role}/dense/kernel"] = f"{scope}/dense/kernel"
        for leaf in NORM:
            if leaf != "beta" or not final:
                names[f"{role}/bn/{leaf}"] = f"{scope}/batch_normalization/{leaf}"
    return names


def standard_name(name: str) -> str | None:
    """The TensorFlow 1 name of a released variable; None if it is not a weight of the network.

    Slots of optimisers, counters and queues are not weights. TensorFlow 2 numbers the layers of a
    whole process; such numbers are kept in an encoder (see `renumbered`).
    """
    *scopes, layer, leaf = ["", *name.split("/")]
    kind, number = unnumbered(layer)
    places = [place for place, scope in enumerate(scopes) if unnumbered(scope)[0] in SCOPES]
    if leaf not in LEAVES or kind not in LAYERS or not places:
        return None
    scope, inside = SCOPES[unnumbered(scopes[places[0]])[0]], scopes[places[0] + 1 :]
    if scope == "base_model":
        standard = f"{scope}/{numbered(LAYERS[kind], number)}/{leaf}"
    elif scope == "head_contrastive" and inside:
        standard = f"{scope}/{inside[0]}/{LAYERS[kind]}/{leaf}"
    else:
        standard = f"{scope}/linear_layer/{LAYERS[kind]}/{leaf}"
    return EMA + standard if EMA.rstrip("/") in scopes else standard


def renumbered(names: set[str]) -> dict[str, str]:
    """Standard names of an encoder -> the same names, numbered from 0.

    A process that made other networks first started at another number.
    """
    scopes = {name: unnumbered(name.split("/")[1]) for name in names}
    first: dict[str, int] = {}
    for kind, number in scopes.values():
        first[kind] = min(number, first.get(kind, number))
    return {
        name: f"base_model/{numbered(kind, number - first[kind])}/{name.rsplit('/', 1)[1]}"
        for name, (kind, number) in scopes.items()
    }


def unnumbered(name: str) -> tuple[str, int]:
    """The inverse of `numbered`: "conv2d_7" -> ("conv2d", 7)."""
    match = re.fullmatch(r"(.*?)_(\d+)", name)
    return (match[1], int(match[2])) if match else (name, 0)
