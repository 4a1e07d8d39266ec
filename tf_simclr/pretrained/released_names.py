"""What the original calls its variables: names -> roles, and roles -> names.

A role is the place of a variable in this project's networks: "group1/block0/conv1/kernel" of the
encoder, "layer1/dense/kernel" of the projection head, "kernel" of the classifier. The names are
those of the TensorFlow 1 checkpoints; `standard_name` makes them of TensorFlow 2's.

    base_model/conv2d[_k]/{kernel[, bias]}
    base_model/batch_normalization[_k]/{gamma, beta, moving_mean, moving_variance}
    head_contrastive/{nl_j, l_0}/{dense/kernel, batch_normalization/...}
    head_supervised/linear_layer/dense/{kernel, bias}
    ema_model/<same>

k counts convolutions and norms in the order in which they were made.
"""

import collections
import re
from collections.abc import Iterator
from typing import NamedTuple

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
NORM = ("gamma", "beta", "moving_mean", "moving_variance")
LEAVES = {"kernel", "bias", *NORM}
EMA = "ema_model/"
CLASSIFIER = {leaf: f"head_supervised/linear_layer/dense/{leaf}" for leaf in ("kernel", "bias")}


class Network(NamedTuple):
    """What decides which layers an encoder has, and their order; widths aside.

    Attributes:
      depth: of the ResNet.
      blocks: residual blocks in groups 1..4.
      bottleneck: whether blocks have three convolutions.
      stem: convolutions before the first group, 1 or 3.
      selective: whether bottlenecks have selective kernels.
      squeeze: whether blocks end in squeeze-and-excitation.
    """

    depth: int
    blocks: tuple[int, ...]
    bottleneck: bool
    stem: int = 1
    selective: bool = False
    squeeze: bool = False


class Layer(NamedTuple):
    """A layer by role; `name` as the original calls its class."""

    role: str
    name: str
    leaves: tuple[str, ...]


def encoder_layers(network: Network) -> Iterator[Layer]:
    """The layers in the original's order: within a block the shortcut comes first."""
    for number in range(1, network.stem + 1):
        yield from _conv_norm("stem", f"conv{number}", f"bn{number}")
    for group, blocks in enumerate(network.blocks, start=1):
        for number in range(blocks):
            block = f"group{group}/block{number}"
            if number == 0:
                yield from _conv_norm(f"{block}/shortcut", "conv", "bn")
            yield from _main_branch(block, network)


def _main_branch(block: str, network: Network) -> Iterator[Layer]:
    yield from _conv_norm(block, "conv1", "bn1")
    if network.bottleneck and network.selective:
        yield from _conv_norm(f"{block}/sk", "conv", "bn")
        yield from _conv_norm(f"{block}/sk", "reduce_conv", "reduce_bn")
        yield Layer(f"{block}/sk/expand_conv", "conv2d", ("kernel",))
    else:
        yield from _conv_norm(block, "conv2", "bn2")
    if network.bottleneck:
        yield from _conv_norm(block, "conv3", "bn3")
    if network.squeeze:
        yield Layer(f"{block}/se/reduce", "conv2d", ("kernel", "bias"))
        yield Layer(f"{block}/se/expand", "conv2d", ("kernel", "bias"))


def _conv_norm(place: str, conv: str, norm: str) -> Iterator[Layer]:
    yield Layer(f"{place}/{conv}", "conv2d", ("kernel",))
    yield Layer(f"{place}/{norm}", "batch_normalization", NORM)


def encoder_names(network: Network) -> dict[str, str]:
    """Role -> name of every variable of an encoder, in the original's order."""
    names: dict[str, str] = {}
    counts = collections.Counter[str]()
    for layer in encoder_layers(network):
        scope = numbered(layer.name, counts[layer.name])
        counts[layer.name] += 1
        names |= {f"{layer.role}/{leaf}": f"base_model/{scope}/{leaf}" for leaf in layer.leaves}
    return names


def head_names(layers: int, *, linear: bool = False) -> dict[str, str]:
    """Role -> name of every variable of a projection head of so many layers.

    Args:
      layers: counts Dense layers; 0 has no variables.
      linear: whether the head is the single layer that has no number in a nonlinear one.
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
    """The TensorFlow 1 name of a released variable; None for what is no weight of the network.

    Slots of optimisers, counters and queues are no weights. Numbers of TensorFlow 2 count on from
    layer to layer of the whole process; they are kept where they count (see `renumbered`).
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
    """Standard names of an encoder -> the same, counting from 0.

    A process that made other networks before started to count somewhere else.
    """
    scopes = {name: unnumbered(name.split("/")[1]) for name in names}
    first: dict[str, int] = {}
    for kind, number in scopes.values():
        first[kind] = min(number, first.get(kind, number))
    return {
        name: f"base_model/{numbered(kind, number - first[kind])}/{name.rsplit('/', 1)[1]}"
        for name, (kind, number) in scopes.items()
    }


def numbered(name: str, number: int) -> str:
    """conv2d, conv2d_1, conv2d_2 ...: as TensorFlow makes names unique."""
    return f"{name}_{number}" if number else name


def unnumbered(name: str) -> tuple[str, int]:
    """The inverse of `numbered`: "conv2d_7" -> ("conv2d", 7)."""
    match = re.fullmatch(r"(.*?)_(\d+)", name)
    return (match[1], int(match[2])) if match else (name, 0)
