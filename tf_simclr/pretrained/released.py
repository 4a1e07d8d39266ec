"""Checkpoints and SavedModels of the original, v1 and v2: the network in them, and its weights.

The network is recognised by names (see recognition) and shapes. Slots of optimisers, the memory of
MoCo, counters and, unless asked for, averaged weights are ignored.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tf_simclr.architectures.head import layer_read
from tf_simclr.architectures.resnet import ResNetArchitecture
from tf_simclr.config import Config
from tf_simclr.pretrained import recognition
from tf_simclr.pretrained.checkpoint import Checkpoint, Shape, Verdict, classifier_left_out
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.pretrained.released_names import (
    CLASSIFIER,
    EMA,
    head_names,
    renumbered,
    standard_name,
)

# Folders of released models whose classifier reads the first layer of the projection head.
FROM_LAYER_1 = ("finetuned_1pct", "finetuned_10pct")


DOUBT = (
    "Released models that were fine-tuned with 1 % or 10 % of the labels classify from layer 1"
    " of the projection head"
)
# Part -> rank of its kernels.
RANKS = {"encoder": 4, "projection_head": 2, "supervised_head": 2}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReleasedCheckpoint(Checkpoint):
    """A checkpoint of the original.

    Attributes:
      keys: part -> role -> the key under which the variable is stored.
      contents: of the checkpoint.
    """

    keys: Mapping[str, Mapping[str, str]]
    contents: CheckpointContents

    def judge_classifier(self, config: Config, kernel: Shape, names: Sequence[str]) -> Verdict:
        """Leaves out a classifier that has another shape or was fine-tuned on another layer."""
        theirs, trained_on = self.classifier, self.fine_tuned_from
        layer = layer_read(config.flat())
        if theirs is not None and list(theirs) != list(kernel):
            return Verdict(classifier_left_out(theirs, kernel))
        if trained_on is not None and trained_on != layer:
            return Verdict(
                "The checkpoint's classifier is left out: it was fine-tuned on layer"
                f" {trained_on} of the projection head. Give --ft_proj_selector={trained_on}."
            )
        if not self.doubt or layer != 0:
            return Verdict()
        taken = "The checkpoint's classifier is assumed to read the encoder's output."
        return Verdict(notes=[f"{taken} {self.doubt}: for those give --ft_proj_selector=1."])

    def restore(self, parts: Mapping[str, keras.layers.Layer]) -> list[str]:
        """Restores the weights of built parts, one tensor at a time.

        Raises:
          ValueError: if a part does not fit; says which variable, by role.
        """
        variables = {name: by_role(parts[name]) for name in sorted(parts) if name in self.keys}
        for name, of_part in variables.items():
            misfits = self.misfits(name, of_part)
            if misfits:
                raise ValueError(
                    f"`checkpoint` does not fit this architecture: of the {name}, {misfits[0]}"
                    f" ({len(misfits)} such). Received: checkpoint={self.prefix!r}."
                )
        for name, of_part in variables.items():
            for role, variable in of_part.items():
                read = self.contents.read(self.keys[name][role])
                variable.assign(tf.cast(read, variable.dtype))
        return list(variables)

    def misfits(self, part: str, variables: Mapping[str, tf.Variable]) -> list[str]:
        """Why the weights of a part do not fit `variables`, by role; [] if they fit."""
        keys = self.keys[part]
        lines = [f"{role} is missing" for role in variables if role not in keys]
        lines += [f"{role} does not belong here" for role in keys if role not in variables]
        for role in variables.keys() & keys.keys():
            theirs, ours = self.contents.shape_of(keys[role]), variables[role].shape.as_list()
            if theirs != ours:
                lines.append(f"{role} has shape {theirs}, not {ours}")
        return sorted(lines)


def open_released(
    path: str, prefix: str, contents: CheckpointContents, *, averaged: bool
) -> ReleasedCheckpoint:
    """The checkpoint at `prefix`. Only names and shapes are read.

    Args:
      path: as the user gave it.
      prefix: of a TensorFlow 1 checkpoint, or of one of TensorFlow 2 that the original trained or
        exported (in a SavedModel: FOLDER/variables/variables).
      contents: of the checkpoint.
      averaged: use the exponential moving average of encoder and projection head, without the
        classifier, which was trained on the other weights.

    Raises:
      ValueError: if it is not a checkpoint of the original, variables are missing, or there are no
        averaged weights.
    """
    names = _by_standard_name(contents, averaged)
    if not any(name.startswith("base_model/") for name in names):
        what = "averaged weights (EMA)" if averaged else "an encoder"
        flag = "use_ema_weights" if averaged else "checkpoint"
        raise ValueError(
            f"`{flag}` needs a checkpoint that holds {what}. Received: checkpoint={prefix!r}."
        )
    try:
        keys, linear = _recognised(contents, names)
    except ValueError as error:
        raise ValueError(f"`checkpoint` {error}. Received: checkpoint={prefix!r}.") from error
    shapes = {
        part: {role: contents.shape_of(key) for role, key in roles.items()}
        for part, roles in keys.items()
    }
    architecture = ResNetArchitecture.of_variables(shapes, linear=linear)
    classifies = classifies_from(path) if keys["projection_head"] else None
    return ReleasedCheckpoint(
        path=path,
        prefix=prefix,
        averaged=averaged,
        architecture=architecture,
        classifier=shapes["supervised_head"].get("kernel"),
        reads_layer=classifies or 0,
        trained_size=architecture.image_size if architecture else None,
        fine_tuned_from=classifies,
        doubt=DOUBT if keys["projection_head"] and classifies is None else "",
        keys={part: roles for part, roles in keys.items() if roles},
        contents=contents,
    )


def by_role(part: keras.layers.Layer) -> dict[str, tf.Variable]:
    """A part's variables by their path in it: "group1/block0/conv1/kernel"."""
    # Every layer in a part has a name, so a variable's name is its path.
    return {v.name.partition(":")[0].rpartition(f"{part.name}/")[2]: v for v in part.variables}


def classifies_from(path: str) -> int | None:
    """The layer of the projection head that a released model's classifier reads, by its folder.

    Args:
      path: with the released folder names, such as simclrv2/finetuned_10pct/r50_1x_sk0.

    Returns:
      1 for models that were fine-tuned with 1 % or 10 % of the labels (arXiv 2006.10029, section
      2); None if the path does not tell. Shapes cannot tell: the layer is as wide as its input.
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
                f"`checkpoint` must hold one network, but has {standard} twice: as {keys[standard]}"
                f" and as {key}."
            )
        keys[standard] = key
    if contents.parts():  # TensorFlow 2
        encoder = renumbered({name for name in keys if name.startswith("base_model/")})
        keys = {encoder.get(name, name): key for name, key in keys.items()}
    return keys


def _recognised(
    contents: CheckpointContents, keys: Mapping[str, str]
) -> tuple[dict[str, dict[str, str]], bool]:
    """(part -> role -> key, whether the projection head is linear), by standard name -> key."""

    def under(scope: str) -> list[str]:
        return [name for name in keys if name.startswith(f"{scope}/")]

    skeleton = recognition.recognise(under("base_model"))
    layers, linear = recognition.head_layers(under("head_contrastive"))
    classified = recognition.has_classifier(under("head_supervised"))
    names = {
        "encoder": skeleton.names(),
        "projection_head": head_names(layers, linear=linear),
        "supervised_head": CLASSIFIER if classified else {},
    }
    found = {part: {role: keys[n] for role, n in roles.items()} for part, roles in names.items()}
    for part, roles in found.items():
        for role, key in roles.items():
            shape, rank = contents.shape_of(key), RANKS[part]
            if role.endswith("kernel") and len(shape) != rank:
                raise ValueError(f"has {key} of shape {shape}, which must have {rank} dimensions")
    return found, linear
