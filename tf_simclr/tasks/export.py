"""A trained network -> a folder for others: a Hub module, a SavedModel, ONNX or LiteRT files."""

import dataclasses
import os
from collections.abc import Collection

import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.config import Config, changed_from_defaults
from tf_simclr.exporting import card
from tf_simclr.exporting.atomic import keep_newest, write_folder
from tf_simclr.pretrained import origins, trained
from tf_simclr.pretrained.trained import Trained
from tf_simclr.tasks.formats import FORMATS, Measured, Order
from tf_simclr.version import __version__
from tf_simclr.workdir import checkpoints, run_folder

# Format -> the folder for it in the folder of a run.
FOLDERS = {"hub_module": "hub", "saved_model": "saved_model", "onnx": "onnx", "lite": "lite"}
BY_TRAINING = ("saved_model", "hub_module")
PLACES = ("mode", "model_dir", "data_dir", "output", "export_format")  # Not part of a recipe.


def export(config: Config, given: Collection[str]) -> None:
    """Exports what --checkpoint or --model_dir names, as --export_format, to --output.

    Args:
      config: of the command.
      given: flags that its user set; the others are as the network was trained.

    Raises:
      ValueError: if there is nothing to export, or it cannot be written there.
    """
    source = trained.path_of(config)
    kind, output = config.exporting.export_format, config.exporting.output
    if not output and not config.run.model_dir:
        raise ValueError(
            "`output` must name a folder where there is no model_dir. Received: output=None."
        )
    if output:
        _require_ours(output, kind, source)  # Before a large network is read.
    found = trained.open_trained(source, averaged=config.finetuning.use_ema_weights)
    path = output or _default_path(
        run_folder.require_model_dir(config), kind, found.step or 0, averaged=found.origin.averaged
    )
    _require_ours(path, kind, source)
    if kind == "lite":
        trained.require_data(found, given)
    _write(found, trained.with_given(found, config, given), kind, path)


def export_run(config: Config) -> None:
    """Writes the exports of a run's newest checkpoint to its folder, unless they are there."""
    model_dir = run_folder.require_model_dir(config)
    step = checkpoints.step_of(checkpoints.find(model_dir))
    paths = {kind: _default_path(model_dir, kind, step) for kind in BY_TRAINING}
    if all(tf.io.gfile.exists(path) for path in paths.values()):
        return
    found = trained.open_trained(model_dir)
    for kind, path in paths.items():
        _write(found, config, kind, path)
        keep_newest(os.path.dirname(path), config.exporting.keep_hub_module_max)


def tell_results(model_dir: str, step: int) -> None:
    """Adds the results of a step's evaluation on the run's own data to the cards of its exports."""
    results = trained.results_of(model_dir, step)
    for kind in FOLDERS if results else ():
        folder = _default_path(model_dir, kind, step)
        told = card.read(folder)
        if told is not None:
            card.write(dataclasses.replace(told, results=results), folder)


def _default_path(model_dir: str, kind: str, step: int, *, averaged: bool = False) -> str:
    # Averaged weights do not take the place of those that training exported.
    folder = FOLDERS[kind] + ("_ema" if averaged else "")
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
      config: says which size it is to take, and whose pictures are used where some are needed.
      kind: the format.
      path: of the folder.
    """
    fixed = config.exporting.export_image_size
    # LiteRT has no size that changes from call to call.
    size = fixed or (config.data.image_size if kind == "lite" else None)
    seen = Config.from_flat(config.flat() | {"image_size": fixed or config.data.image_size})

    def write(folder):
        measured = FORMATS[kind](Order(found.network, seen, size), folder)
        run_folder.write_settings(found.settings, folder)
        card.write(_card(found, kind, size, measured), folder)
        for name, value in measured.items():
            print(f"{name}: {value}")

    write_folder(path, write)
    print(f"Exported {path}")


def _card(found: Trained, kind: str, size: int | None, measured: Measured) -> card.Card:
    settings, classifier = found.settings, found.network.supervised_head
    recipe = changed_from_defaults(settings) if found.origin.settings else {}
    if found.origin.averaged:
        recipe["use_ema_weights"] = True
    features = found.network.encoder.num_features
    return card.Card(
        format=kind,
        network=origins.describe(settings.flat()),
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
    )
