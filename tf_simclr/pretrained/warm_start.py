"""The weights of a run that starts from a checkpoint: what fits is restored, and all is said."""

from collections.abc import Mapping, Sequence

import tensorflow as tf
import tf_keras as keras

from tf_simclr.config import Config
from tf_simclr.data.classes import NO_NAMES, listed
from tf_simclr.pretrained import origins
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.pretrained.google_checkpoints import Released
from tf_simclr.pretrained.origins import Origin
from tf_simclr.pretrained.variable_schema import restored_parts
from tf_simclr.workdir import checkpoints
from tf_simclr.workdir.dataset_facts import class_names_at


def warm_start(config: Config, origin: Origin, net, class_names: Sequence[str] = ()) -> list[str]:
    """Restores what the config's --checkpoint has for `net`; the names of the parts.

    A classifier of other classes, or one that reads another layer, is left as it was drawn; and to
    train a classifier so is the linear head of a pretraining, which saw every label known there.

    Args:
      config: of the run.
      origin: of the config.
      net: a built model of the config.
      class_names: of the data, in the order of its labels.

    Raises:
      ValueError: if the checkpoint does not fit; nothing is restored then.
    """
    found = origins.wanted_architecture(config, origin)
    origins.check_architecture(origin, origins.differing(config, found), found)
    parts = net.parts()
    parts = {name: parts[name] for name in restored_parts(config) if name in parts}
    if config.finetuning.zero_init_logits_layer:
        parts.pop("supervised_head", None)  # It is to start at zero.
    if origin.released is None:
        parts = _without_own_classifier(config, origin, parts, class_names)
        restored = checkpoints.warm_start(origin.prefix, parts, averaged=origin.averaged)
    else:
        parts = _without_foreign_classifier(config, origin, parts)
        restored = restore_released(origin.released, parts)
    net.restarted()
    averaged = " (averaged weights)" if config.finetuning.use_ema_weights else ""
    print(f"Starts from {origin.prefix}{averaged}: {', '.join(restored)}.")
    return restored


def restore_released(released: Released, parts: Mapping[str, keras.layers.Layer]) -> list[str]:
    """Restores those `parts` that a released checkpoint has; their names.

    Raises:
      ValueError: if one does not fit; nothing is restored then.
    """
    variables = {name: by_role(parts[name]) for name in sorted(parts) if name in released.keys}
    for name, of_part in variables.items():
        misfits = released.misfits(name, of_part)
        if misfits:
            raise ValueError(
                f"`checkpoint` does not fit this architecture: of the {name}, {misfits[0]}"
                f" ({len(misfits)} such). Received: checkpoint={released.prefix!r}."
            )
    for name, of_part in variables.items():
        released.restore(name, of_part)
    return list(variables)


def by_role(part: keras.layers.Layer) -> dict[str, tf.Variable]:
    """A part's variables by their place in it: "group1/block0/conv1/kernel"."""
    # Every layer below a part is given its name, so that a variable's is its path.
    return {v.name.partition(":")[0].rpartition(f"{part.name}/")[2]: v for v in part.variables}


def _without_own_classifier(
    config: Config, origin: Origin, parts: dict, class_names: Sequence[str]
) -> dict:
    """The parts without a classifier of this project's that was trained for another end; says why.

    Whoever gives `variable_schema` has said what is restored; not a classifier of other classes.
    """
    theirs = origin.settings
    named = config.finetuning.variable_schema is not None
    if theirs is None or "supervised_head" not in parts:
        return parts
    layer, knows = theirs.reads_layer, class_names_at(origin.path)
    has_one = CheckpointContents(origin.prefix).shape("supervised_head", "kernel") is not None
    if named and layer != config.reads_layer:
        print(
            f"The checkpoint's classifier reads layer {layer} of the projection head, this one"
            f" layer {config.reads_layer}. Give --ft_proj_selector={layer} to go on from it."
        )
    # Differs from the original: it starts from that head. Its labels are more than those of a run
    # that is to learn from few, and may be those that the run is judged by.
    if not named and config.run.classifies and not theirs.run.classifies:
        reason = (
            "The checkpoint's linear head is left out: it was trained with the labels of its own"
            " run. --variable_schema=.* takes it."
        )
    elif not named and layer != config.reads_layer:
        reason = (
            f"The checkpoint's classifier is left out: it reads layer {layer} of the projection"
            f" head. --ft_proj_selector={layer} takes it."
        )
    elif knows and class_names and knows != tuple(class_names):
        reason = (
            f"The checkpoint's classifier is left out: it knows {listed(knows)}, and the data has"
            f" {listed(class_names)}."
        )
    else:
        if has_one and class_names and not knows:
            print(f"Note: what lies in {origin.path} {NO_NAMES}.")
        return parts
    if has_one:
        print(reason)
    return {name: part for name, part in parts.items() if name != "supervised_head"}


def _without_foreign_classifier(config: Config, origin: Origin, parts: dict) -> dict:
    """The parts without a classifier that the released one does not fit; says why."""
    released, head = origin.released, parts.get("supervised_head")
    if released is None or released.classifier is None or head is None:
        return parts
    ours = head.kernel.shape.as_list()
    selector = config.reads_layer
    trained_on = origin.classifies_from()
    if list(released.classifier) != ours:
        reason = checkpoints.classifier_left_out(released.classifier, ours)
    elif trained_on is not None and trained_on != selector:
        reason = (
            "The checkpoint's classifier is left out: it was fine-tuned on layer"
            f" {trained_on} of the projection head. --ft_proj_selector={trained_on} takes it."
        )
    else:
        doubt = origin.layer_in_doubt()
        if doubt and selector == 0:
            print(
                f"The checkpoint's classifier is taken to read the encoder's output. {doubt}: for"
                " those give --ft_proj_selector=1."
            )
        return parts
    print(reason)
    return {name: part for name, part in parts.items() if name != "supervised_head"}
