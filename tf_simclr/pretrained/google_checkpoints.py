"""Checkpoints and SavedModels of the original, v1 and v2: what network they hold, and its weights.

Which network it is, is read off the names (see recognition) and the shapes. Left out are an
optimiser's slots, the memory of MoCo, counters, and, unless they are asked for, averaged weights.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf

from tf_simclr.pretrained import recognition
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.pretrained.released_names import (
    CLASSIFIER,
    EMA,
    Network,
    encoder_names,
    head_names,
    renumbered,
    standard_name,
)

# Folders of released models whose classifier reads the first layer of the projection head.
FROM_LAYER_1 = ("finetuned_1pct", "finetuned_10pct")


@dataclasses.dataclass(frozen=True)
class Released:
    """What a checkpoint of the original holds.

    Attributes:
      prefix: its path.
      network: of the encoder.
      stem_kernel: side of the stem's first convolution in pixels.
      widths: filters of the blocks in groups 1..4.
      mixing: channels of the selective kernels' mixing layer in groups 1..4; () without them.
      squeezed: channels that squeeze-and-excitation leaves in groups 1..4; () without it.
      head_layers: of the projection head; 0 where there is none.
      head_linear: whether it is a linear head.
      head_width: of the projection head's last layer; 0 where there is none.
      classifier: (inputs, classes), or None.
      keys: part -> role -> the key under which the variable is stored.
      contents: of the checkpoint.
    """

    prefix: str
    network: Network
    stem_kernel: int
    widths: tuple[int, ...]
    mixing: tuple[int, ...]
    squeezed: tuple[int, ...]
    head_layers: int
    head_linear: bool
    head_width: int
    classifier: tuple[int, int] | None
    keys: Mapping[str, Mapping[str, str]]
    contents: CheckpointContents

    def misfits(self, part: str, variables: Mapping[str, tf.Variable]) -> list[str]:
        """What keeps the weights of a part from `variables`, by role; [] if they fit."""
        keys = self.keys[part]
        lines = [f"{role} is not there" for role in variables if role not in keys]
        lines += [f"{role} has no place here" for role in keys if role not in variables]
        for role in variables.keys() & keys.keys():
            theirs, ours = self.contents.shape_of(keys[role]), variables[role].shape.as_list()
            if theirs != ours:
                lines.append(f"{role} has the shape {theirs} and not {ours}")
        return sorted(lines)

    def restore(self, part: str, variables: Mapping[str, tf.Variable]) -> None:
        """Gives `variables`, by role, the weights of a part that fits, one tensor at a time."""
        for role, variable in variables.items():
            variable.assign(tf.cast(self.contents.read(self.keys[part][role]), variable.dtype))


def read(
    prefix: str,
    *,
    resnets: Mapping[int, tuple[Sequence[int], bool]],
    averaged: bool = False,
) -> Released:
    """What the checkpoint at `prefix` holds. Nothing but names and shapes is read.

    Args:
      prefix: of a TensorFlow 1 checkpoint, or of one of TensorFlow 2 that the original trained or
        exported (in a SavedModel: FOLDER/variables/variables).
      resnets: depth -> (blocks of groups 1..4, whether they are bottlenecks).
      averaged: take the exponential moving average of encoder and projection head, and nothing
        else: the classifier was trained on the others.

    Raises:
      ValueError: if it is no checkpoint of the original, variables are missing, or there are no
        averaged weights.
    """
    contents = CheckpointContents(prefix)
    keys = _by_standard_name(contents, averaged)
    if not any(name.startswith("base_model/") for name in keys):
        what = "averaged weights (EMA)" if averaged else "an encoder"
        flag = "use_ema_weights" if averaged else "checkpoint"
        raise ValueError(
            f"`{flag}` needs a checkpoint that holds {what}. Received: checkpoint={prefix!r}."
        )
    try:
        return _recognised(prefix, contents, keys, resnets)
    except ValueError as error:
        raise ValueError(f"`checkpoint` {error}. Received: checkpoint={prefix!r}.") from error


def classifies_from(path: str) -> int | None:
    """The layer of the projection head that a released model's classifier reads, by its folder.

    Args:
      path: as it was released, such as simclrv2/finetuned_10pct/r50_1x_sk0.

    Returns:
      1 for models that were fine-tuned with 1 % or 10 % of the labels (arXiv 2006.10029, section
      2); None where the path does not say it. Shapes cannot: the layer is as wide as its input.
    """
    return 1 if any(folder in FROM_LAYER_1 for folder in path.split("/")) else None


def _by_standard_name(contents: CheckpointContents, averaged: bool) -> dict[str, str]:
    """Standard name -> key, of the averaged weights or of the others."""
    keys: dict[str, str] = {}
    for name, key in contents.named():
        standard = standard_name(name)
        if standard is None or standard.startswith(EMA) != averaged:
            continue
        standard = standard.removeprefix(EMA)
        if standard in keys:
            raise ValueError(
                f"`checkpoint` must hold one network, and has {standard} twice: as {keys[standard]}"
                f" and as {key}."
            )
        keys[standard] = key
    if contents.parts():  # TensorFlow 2
        encoder = renumbered({name for name in keys if name.startswith("base_model/")})
        keys = {encoder.get(name, name): key for name, key in keys.items()}
    return keys


def _recognised(prefix, contents, keys, resnets) -> Released:
    def under(scope):
        return [name for name in keys if name.startswith(f"{scope}/")]

    network = recognition.recognise(under("base_model"), recognition.networks(resnets))
    layers, linear = recognition.head_layers(under("head_contrastive"))
    classified = recognition.has_classifier(under("head_supervised"))
    names = {
        "encoder": encoder_names(network),
        "projection_head": head_names(layers, linear=linear),
        "supervised_head": CLASSIFIER if classified else {},
    }
    by_role = {p: {role: keys[n] for role, n in roles.items()} for p, roles in names.items()}
    return described(prefix, contents, by_role, network=network, head=(layers, linear))


def described(
    prefix: str,
    contents: CheckpointContents,
    by_role: Mapping[str, Mapping[str, str]],
    *,
    network: Network,
    head: tuple[int, bool],
) -> Released:
    """What a checkpoint holds, by the shapes of its variables.

    Args:
      prefix: its path.
      contents: of it.
      by_role: part -> role -> key, of all variables of the network.
      network: of the encoder.
      head: layers of the projection head, and whether it is a linear one.

    Raises:
      ValueError: if a kernel has another number of dimensions than such kernels have.
    """
    layers, linear = head

    def shape(part, role, rank=4):
        key = by_role[part][role]
        found = contents.shape_of(key)
        if len(found) != rank:
            raise ValueError(f"has {key} of the shape {found}, which is not one of {rank} numbers")
        return found

    def outputs(layer):
        groups = range(1, len(network.blocks) + 1)
        return tuple(shape("encoder", f"group{g}/block0/{layer}/kernel")[-1] for g in groups)

    return Released(
        prefix=prefix,
        network=network,
        stem_kernel=shape("encoder", "stem/conv1/kernel")[0],
        widths=outputs("conv1"),
        mixing=outputs("sk/reduce_conv") if network.bottleneck and network.selective else (),
        squeezed=outputs("se/reduce") if network.squeeze else (),
        head_layers=layers,
        head_linear=linear,
        head_width=shape("projection_head", f"layer{layers}/dense/kernel", 2)[-1] if layers else 0,
        classifier=tuple(shape("supervised_head", "kernel", 2))
        if by_role["supervised_head"]
        else None,
        keys={part: roles for part, roles in by_role.items() if roles},
        contents=contents,
    )
