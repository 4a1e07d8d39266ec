"""Exports a trained network to a folder, in one of the formats of exporting/."""

import dataclasses
import functools
import os
from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from tf_simclr import buckets, methods, progress, things
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.config.choices import EXPORT_FORMATS
from tf_simclr.config.repeat import repeat_command
from tf_simclr.data.decoding import decode_jpeg_or_png
from tf_simclr.data.name_lists import as_lines
from tf_simclr.exporting import card
from tf_simclr.exporting.atomic import keep_newest, write_folder
from tf_simclr.exporting.format import Format, Order
from tf_simclr.pretrained import trained
from tf_simclr.pretrained.find import find
from tf_simclr.pretrained.trained import Trained
from tf_simclr.version import __version__
from tf_simclr.workdir import checkpoints, run_folder, subject
from tf_simclr.workdir.looking import BEST, best_of

FORMATS: Mapping[str, Format] = {word: things.load("exporting", word) for word in EXPORT_FORMATS}
BY_TRAINING = [word for word, form in FORMATS.items() if form.by_training]
PLACES = ("mode", "model_dir", "data_dir", "output", "export_format")  # Not part of a recipe.


def export(config: Config) -> str:
    """Exports what --checkpoint or --model_dir names, as --export_format, to --output.

    Args:
      config: of the command. Flags that were not given are those of the network's training.

    Returns:
      The folder that was written.

    Raises:
      ValueError: if there is nothing to export, or it cannot be written there.
    """
    source = trained.path_of(config)
    kind, output = config.exporting.export_format, config.exporting.output
    if not output and not config.run.model_dir:
        raise ValueError(
            "`output` must name a folder if there is no model_dir. Received: output=None."
        )
    if output:
        _require_ours(output, kind, source)  # Before a large network is read.
    found = trained.open_trained(source, averaged=config.finetuning.use_ema_weights)
    path = output or _default_path(
        run_folder.require_model_dir(config), kind, found.step or 0, averaged=found.origin.averaged
    )
    _require_ours(path, kind, source)
    if FORMATS[kind].needs_pictures:
        trained.require_data(found, config)
    _write(found, trained.with_given(found, config), kind, path)
    return path


def export_run(config: Config) -> None:
    """Writes the exports of a run's newest checkpoint to its folder, unless they are there."""
    model_dir = run_folder.require_model_dir(config)
    step = checkpoints.step_of(find(model_dir))
    paths = {kind: _default_path(model_dir, kind, step) for kind in BY_TRAINING}
    if all(tf.io.gfile.exists(path) for path in paths.values()):
        return
    found = trained.open_trained(model_dir)
    for kind, path in paths.items():
        _write(found, config, kind, path)
        keep_newest(os.path.dirname(path), config.exporting.keep_hub_module_max)


def export_best(config: Config) -> None:
    """Exports the best weights that --keep_best kept to their folder, and says which they are."""
    folder = os.path.join(run_folder.require_model_dir(config), BEST)
    best = best_of(folder)
    if best:
        export_run(config.replaced({"model_dir": folder}))
        print(f"Best by {best['by']} ({best['value']:.4g}): step {best['step']}, in {folder}")


def tell_results(model_dir: str, step: int) -> None:
    """Adds the results of a step's evaluation on the run's own data to the cards of its exports."""
    results = subject.results_of(model_dir, step)
    for kind in FORMATS if results else ():
        folder = _default_path(model_dir, kind, step)
        told = card.read(folder)
        if told is not None:
            settings, data = run_folder.read_settings(folder) or Config(), told.dataset.get("name")
            # Older cards do not have the sentence.
            learned = told.learned or _learned(settings, data)
            card.write(dataclasses.replace(told, results=results, learned=learned), folder)


def _default_path(model_dir: str, kind: str, step: int, *, averaged: bool = False) -> str:
    # Averaged weights must not replace those that training exported.
    folder = FORMATS[kind].folder + ("_ema" if averaged else "")
    return os.path.join(model_dir, folder, str(step))


def _require_ours(path: str, kind: str, source: str) -> None:
    """Raises ValueError unless `path` is free, or an export of this kind and not the source."""
    if not tf.io.gfile.exists(path):
        return
    told = card.read(path)
    same = run_folder.absolute(path) == run_folder.absolute(source)
    if told is None and buckets.is_folder(path) and not tf.io.gfile.listdir(path):
        return
    if told is None or told.format != kind or same:
        raise ValueError(
            "`output` must be a new folder, an empty one, or another export of this format to"
            f" replace. Received: output={path!r}, where something else is. Give another folder."
        )


def _write(found: Trained, config: Config, kind: str, path: str) -> None:
    """Writes one export, whole, with its model card and the settings of the training.

    Args:
      found: what is exported.
      config: says which picture size it takes, and which data is used if pictures are needed.
      kind: the format.
      path: of the folder.
    """
    fixed = config.exporting.export_image_size
    side = fixed or config.data.image_size
    size = side if fixed or FORMATS[kind].fixed_size else None
    seen = Config.from_flat(config.flat() | {"image_size": side})
    view = build_data.evaluation_view(seen)
    order = Order(
        network=found.network,
        size=size,
        side=side,
        read_picture=lambda encoded: view(decode_jpeg_or_png(encoded)),
        pictures=functools.partial(_pictures, seen, kind),
    )

    def write(folder: str) -> None:
        measured = FORMATS[kind].save(order, folder)
        run_folder.write_settings(found.settings, folder)
        if found.network.class_names:
            names = as_lines(found.network.class_names)
            run_folder.write_atomically(os.path.join(folder, card.CLASS_NAMES), names)
        card.write(_card(found, kind, size, measured), folder)
        for name, value in measured.items():
            print(f"{name}: {value}")

    with progress.during(f"Exporting as {kind}"):
        write_folder(path, write)
    print(f"Exported {path}")


def _pictures(config: Config, kind: str, count: int) -> np.ndarray:
    """Pictures of the training split as evaluation sees them: float32 [count or less, h, w, 3]."""
    data = build_data.source(config)
    batches = build_data.evaluation_data(config, data, config.data.train_split)
    found = list(batches.unbatch().map(lambda batch: batch["image"]).take(count))
    if len(found) < 2:
        raise ValueError(
            f"`export_format` {kind} needs at least two pictures {FORMATS[kind].needs_pictures}."
            f" Received: {len(found)} in train_split={config.data.train_split!r} of {data.name}."
        )
    return np.stack(found)


def _card(found: Trained, kind: str, size: int | None, measured: Mapping[str, str]) -> card.Card:
    settings, classifier = found.settings, found.network.supervised_head
    recipe = settings.changed() if found.origin.settings else {}
    if found.origin.averaged:
        recipe["use_ema_weights"] = True
    features = found.network.encoder.num_features
    return card.Card(
        format=kind,
        network=architecture_of(settings.flat()).describe(),
        features=features,
        projection=settings.model.proj_out_dim if settings.model.num_projections else features,
        image_size=settings.data.image_size,
        fixed_size=size,
        step=found.step,
        settings={name: value for name, value in recipe.items() if name not in PLACES},
        dataset=found.dataset,
        results=found.results,
        classes=0 if classifier is None else classifier.num_classes,
        measured=measured,
        version=__version__,
        learned=_learned(settings, found.dataset.get("name")),
        command=_command(settings) if found.origin.settings else "",
        classifies=classifier is not None and not found.origin.alongside,
        class_names=tuple(found.network.class_names),
        trained_by=_trained_by(settings),
    )


def _command(settings: Config) -> str:
    """The command that trains the same; folders are not a card's business, and have stand-ins."""
    places = {"model_dir": "RUN", "data_dir": "PICTURES" if settings.data.data_dir else None}
    return repeat_command(settings, **places)


def _trained_by(settings: Config) -> str:
    """What the heading of a card says: the pretext task of an encoder."""
    pretrains = settings.run.pretrains
    return methods.method_of(settings).words.title if pretrains else card.Card.trained_by


def _learned(settings: Config, data: str | None) -> str:
    """A card's sentence on how the network was trained; "" if its data is not known."""
    return methods.method_of(settings).words.learned.format(data) if data else ""
