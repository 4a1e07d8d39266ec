"""Checkpoints and exports of this project."""

import dataclasses
import os
import re
from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tf_simclr import things
from tf_simclr.architectures.architecture import Architecture, architecture_of
from tf_simclr.architectures.head import layer_read
from tf_simclr.config import Config, choices
from tf_simclr.data.classes import NO_NAMES, listed
from tf_simclr.evaluation.linear_classifier import LinearClassifier
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.nets.heads import PYRAMID
from tf_simclr.pretrained.checkpoint import (
    Checkpoint,
    Shape,
    Verdict,
    classifier_left_out,
    step_in,
)
from tf_simclr.pretrained.checkpoint_contents import AVERAGED, CheckpointContents, require_averaged
from tf_simclr.workdir import checkpoints, run_folder
from tf_simclr.workdir.dataset_facts import class_names_at
from tf_simclr.workdir.fitted import read_fitted

# Scope in a variable's name -> part that the variable belongs to.
SCOPES = {
    **{word: "encoder" for word in choices.ARCHITECTURES},
    "head_contrastive": "projection_head",
    "head_supervised": "supervised_head",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class OwnCheckpoint(Checkpoint):
    """A checkpoint of a run, or an export (FOLDER/variables/variables)."""

    def judge_classifier(self, config: Config, kernel: Shape, names: Sequence[str]) -> Verdict:
        """Leaves out a classifier that has other classes or reads another layer.

        A run that trains a classifier also leaves out a linear head from pretraining, which saw
        every label of that run. If the user gave `variable_schema`, only a classifier of other
        classes is left out. `restore` checks the number of classes.
        """
        if self.settings is None:
            return Verdict()
        reads, layer = self.reads_layer, layer_read(config.flat())
        knows, named = class_names_at(self.path), config.finetuning.variable_schema is not None
        notes = []
        if named and reads != layer:
            notes.append(
                f"The checkpoint's classifier reads {_said(reads)}, this one {_said(layer)}. Give"
                f" {_flags_to_read(reads)} to read the same."
            )
        reason = ""
        # Differs from the original: it starts from that head. The head may know more labels than
        # a run with few labels, or even those that the run is evaluated on.
        if not named and self.alongside and not config.run.pretrains:
            reason = (
                "The checkpoint's linear head is left out: it was trained with the labels of its"
                " own run. Give --variable_schema=.* to restore it."
            )
        elif not named and reads != layer:
            reason = (
                f"The checkpoint's classifier is left out: it reads {_said(reads)}. Give"
                f" {_flags_to_read(reads)} to restore it."
            )
        elif knows and names and knows != tuple(names):
            reason = (
                f"The checkpoint's classifier is left out: it knows {listed(knows)}, and the data"
                f" has {listed(names)}."
            )
        elif names and not knows:
            notes.append(f"Note: the checkpoint {self.path} {NO_NAMES}.")
        return Verdict(reason, notes)

    @property
    def whitening(self) -> Whitening | None:
        """Of the run's last step, or in an export; the averaged weights have none."""
        if self.averaged:
            return None
        contents = CheckpointContents(self.prefix)
        keys = [contents.key("pyramid_whitening", name) for name in Whitening._fields]
        held = [contents.read(key) for key in keys if key is not None]
        if len(held) == len(keys):
            return Whitening(*held)
        if self.step is None:
            return None
        return read_fitted(os.path.dirname(self.prefix), self.step, Whitening)

    def restore(self, parts: Mapping[str, keras.layers.Layer]) -> list[str]:
        """Like the function `restore`, from this checkpoint."""
        return restore(self.prefix, parts, averaged=self.averaged)


def open_own(
    path: str, prefix: str, contents: CheckpointContents, *, averaged: bool
) -> OwnCheckpoint:
    """The checkpoint at `prefix`, with the settings in its folder.

    Args:
      path: as the user gave it.
      prefix: of the checkpoint that was found there.
      contents: of the checkpoint.
      averaged: use the averaged weights of a run with a memory.

    Raises:
      ValueError: if there are no averaged weights, or the settings cannot be read.
    """
    if averaged:
        require_averaged(contents, path)
    found = (run_folder.read_settings(folder) for folder in (path, os.path.dirname(path)))
    settings = next((s for s in found if s is not None), None)
    values = (settings or Config()).flat()
    return OwnCheckpoint(
        path=path,
        prefix=prefix,
        averaged=averaged,
        architecture=architecture_of(values) if settings else _architecture_in(contents),
        # The averaged network has none: the classifier was trained on the other features.
        classifier=None if averaged else contents.shape("supervised_head", "kernel"),
        reads_layer=layer_read(values),
        trained_size=settings.data.image_size if settings else None,
        settings=settings,
        alongside=settings is not None and settings.run.pretrains,
    )


def _said(reads: int | str) -> str:
    """What a classifier reads, in words."""
    return "the pyramid" if reads == PYRAMID else f"layer {reads} of the projection head"


def _flags_to_read(reads: int | str) -> str:
    """The flags of a classifier that reads this."""
    if reads == PYRAMID:
        return "--classify_pyramid"
    return f"--ft_proj_selector={reads}"


def _architecture_in(contents: CheckpointContents) -> Architecture | None:
    """The architecture that has the variables of a checkpoint.

    A linear projection head is called nonlinear with one layer, which has the same variables.
    """
    shapes: dict[str, dict[str, list[int]]] = {part: {} for part in SCOPES.values()}
    for name, key in contents.named():
        place = re.fullmatch(rf"(?:.*/)?({'|'.join(SCOPES)})/(.*)", name)
        if place:
            shapes[SCOPES[place[1]]][place[2]] = contents.shape_of(key)
    kinds = (things.load("architectures", word) for word in choices.ARCHITECTURES)
    return next((found for kind in kinds if (found := kind.of_variables(shapes))), None)


def restore(prefix: str, parts: Mapping[str, tf.Module], *, averaged: bool = False) -> list[str]:
    """Restores the `parts` that the checkpoint at `prefix` has and that fit; returns their names.

    The encoder must be there and fit. A projection head must fit if it is there. A classifier with
    another number of classes is not restored, and a printed line says so. `averaged` restores the
    moving averages; the classifier has none.

    Raises:
      ValueError: if the encoder or the projection head does not fit, or averages are missing.
    """
    contents = CheckpointContents(prefix)
    found = contents.parts() & set(parts)
    if averaged:
        require_averaged(contents, prefix)
        found.discard("supervised_head")
    if "encoder" not in found:
        raise ValueError(f"`checkpoint` must hold an encoder. Received: checkpoint={prefix!r}.")
    if "supervised_head" in found:
        # Differs from the original: it requires that every weight is restored.
        theirs = contents.shape("supervised_head", "kernel") or []
        ours = parts["supervised_head"].kernel.shape.as_list()
        if len(theirs) == len(ours) and theirs != ours:
            found.discard("supervised_head")
            print(classifier_left_out(theirs, ours))
    stored = {AVERAGED + name if averaged else name: parts[name] for name in found}
    # `read`, not `restore`, which needs a save counter; an export has none.
    checkpoints.fit(tf.train.Checkpoint(**stored).read, prefix)
    if "supervised_head" in found:
        _take_fitted_head(prefix, parts["supervised_head"])
    return sorted(found)


def _take_fitted_head(prefix: str, head: keras.layers.Dense) -> None:
    """Gives a run's linear head the weights that were fitted after its last step, if any were."""
    step = step_in(prefix)
    if step is None:
        return
    fitted = read_fitted(os.path.dirname(prefix), step, LinearClassifier)
    if fitted is not None and list(fitted.kernel.shape) == head.kernel.shape.as_list():
        head.kernel.assign(fitted.kernel)
        head.bias.assign(fitted.bias)
