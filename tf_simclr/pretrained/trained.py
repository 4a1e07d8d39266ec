"""The trained network of a run, a checkpoint, an export or a released model."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr import things
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config, choices
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.exporting import card
from tf_simclr.exporting.trained_network import TrainedNetwork
from tf_simclr.nets.heads import SupervisedHead, norm_of_classifier, read_by
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.pretrained.checkpoint import Checkpoint
from tf_simclr.pretrained.origins import check_flags, open_checkpoint, require_fit
from tf_simclr.workdir import checkpoints, run_folder
from tf_simclr.workdir.dataset_facts import dataset_facts
from tf_simclr.workdir.run_settings import without_own_place
from tf_simclr.workdir.subject import results_of


@dataclasses.dataclass(frozen=True)
class Trained:
    """A trained network, and what is known about it.

    Attributes:
      origin: checkpoint that it came from.
      settings: that it was trained with; for a released model, its architecture and defaults.
      network: with its weights.
      step: of the checkpoint; None if its name does not say.
      dataset: name, licence, class_names and pictures of each split; {} if not known.
      results: of an evaluation at this step; {} if there was none.
    """

    origin: Checkpoint
    settings: Config
    network: TrainedNetwork
    step: int | None
    dataset: Mapping[str, Any]
    results: Mapping[str, Any]


def open_trained(path: str, *, averaged: bool = False) -> Trained:
    """Loads the trained network at `path`.

    Args:
      path: of a run, a checkpoint, an export or a released model, as `find` takes it.
      averaged: use the averaged weights, of a released checkpoint or a run with a memory.

    Raises:
      ValueError: if there is none, it is damaged or incomplete, or has no averaged weights.
    """
    origin = open_checkpoint(path, averaged=averaged)
    settings = settings_of(origin)
    dataset = dataset_of(origin)
    told = card.read(path)  # An export knows what it was made from.
    step = told.step if told and origin.step is None else origin.step
    folder = os.path.dirname(origin.prefix)
    return Trained(
        origin=origin,
        settings=settings,
        network=_network(origin, settings, class_names(origin, dataset)),
        step=step,
        dataset=dataset,
        results=told.results if told else results_of(folder, step, averaged=averaged),
    )


def path_of(config: Config) -> str:
    """The path in a command's --checkpoint, or else its --model_dir.

    Raises:
      ValueError: if neither is given, or the model_dir has no checkpoint.
    """
    if config.finetuning.checkpoint:
        return config.finetuning.checkpoint
    model_dir = run_folder.require_model_dir(config)
    if not checkpoints.listed(model_dir):
        raise ValueError(
            f"`model_dir` must be the folder of a trained run. Received: {model_dir=}, where there"
            " is no checkpoint. Train first, or give --checkpoint=PATH."
        )
    return model_dir


def with_given(trained: Trained, config: Config) -> Config:
    """The settings that it was trained with, except for flags that the user gave.

    Raises:
      ValueError: if such a flag contradicts the architecture, or like `check_flags`.
    """
    require_fit(config, trained.origin, trained.origin.architecture, config.given)
    values = config.flat()
    adopted = trained.settings.flat() | {name: values[name] for name in config.given}
    adopted |= without_own_place(values, trained.settings, config.given)
    settings = Config.from_flat(adopted, given=config.given, typed=config.typed)
    check_flags(settings)
    return settings


def require_data(trained: Trained, config: Config) -> None:
    """Raises ValueError if neither the checkpoint nor a flag names the data to use."""
    if trained.origin.settings is None and "dataset" not in config.given:
        raise ValueError(
            "`dataset` must be given: nothing says what this was trained on. Received:"
            f" checkpoint={trained.origin.path!r}. Give --dataset=NAME, and maybe --data_dir."
        )


def settings_of(origin: Checkpoint) -> Config:
    """The settings of the checkpoint, or else the architecture of its variables.

    Raises:
      ValueError: if there are no settings, and this project does not have such an encoder.
    """
    if origin.settings is not None:
        return origin.settings
    if origin.architecture is None:
        kinds = [things.load("architectures", word).kind for word in choices.ARCHITECTURES]
        raise ValueError(
            f"`checkpoint` must hold a {' or '.join(kinds)} of this project. Received:"
            f" checkpoint={origin.path!r}, with an encoder of another kind."
        )
    return Config.from_flat(origin.architecture.settings())


def network_of(
    parts: Mapping[str, keras.layers.Layer],
    *,
    selector: int | str,
    trained_size: int | None = None,
    class_names: Sequence[str] = (),
    whitening: Whitening | None = None,
) -> TrainedNetwork:
    """The network to export, from a model's built parts.

    Args:
      parts: "encoder", "projection_head" and optionally "supervised_head", like TrainableNet.parts.
      selector: the projection head's output that the classifier reads, -1 is the last; or PYRAMID.
      trained_size: side of the pictures that it was trained on, in pixels; None if not known.
      class_names: of the classifier; () if there is none, or they are not known.
      whitening: of the endpoint "pyramid"; None if it is not known.
    """
    head = parts["projection_head"]
    return TrainedNetwork(
        parts["encoder"],
        head,
        parts.get("supervised_head"),
        selector % (len(head.layers) + 1) if isinstance(selector, int) else selector,
        [n for part in parts.values() for n in part.submodules if isinstance(n, BatchNorm)],
        trained_size,
        class_names,
        whitening,
    )


def _network(origin: Checkpoint, settings: Config, class_names: Sequence[str]) -> TrainedNetwork:
    architecture = architecture_of(settings.flat())
    encoder = architecture.encoder(**settings.model.norms)
    head = architecture.projection_head(**settings.model.norms)
    side = settings.data.image_size
    endpoints = encoder(tf.zeros([1, side, side, 3]))
    projections = head(endpoints["final_avg_pool"])
    parts: dict[str, keras.layers.Layer] = {"encoder": encoder, "projection_head": head}
    if origin.classifier:
        reads = origin.reads_layer
        classifier = SupervisedHead(origin.classifier[-1], norm=norm_of_classifier(head, reads))
        classifier(read_by(reads, endpoints, projections))
        parts["supervised_head"] = classifier
    missing = set(parts) - set(origin.restore(parts))
    if missing & {part for part in parts if parts[part].variables}:
        raise ValueError(
            f"`checkpoint` must hold a whole network. Received: checkpoint={origin.path!r},"
            f" without {', '.join(sorted(missing))}. Give the run that it came from."
        )
    return network_of(
        parts,
        selector=origin.reads_layer,
        trained_size=origin.trained_size,
        class_names=class_names,
        whitening=origin.whitening,
    )


def class_names(origin: Checkpoint, dataset: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the classes of a checkpoint's classifier, in the order of its logits; () if unknown.

    Args:
      origin: the checkpoint.
      dataset: its data, as `dataset_of` gives it.
    """
    names = tuple(map(str, dataset.get("class_names") or ()))
    count = origin.classifier[-1] if origin.classifier else 0
    return names if len(names) == count else ()


def dataset_of(origin: Checkpoint) -> dict[str, Any]:
    """What a run or an export recorded about its data, or else the name in its settings."""
    named = {"name": origin.settings.data.dataset} if origin.settings else {}
    return dataset_facts(origin.path) or named
