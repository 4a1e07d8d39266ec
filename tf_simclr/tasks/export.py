"""A run's newest checkpoint -> saved_model/STEP and hub/STEP in its folder."""

import functools
import os

import tensorflow as tf
import tf_keras as keras

from tf_simclr import build, checkpoints, run_folder
from tf_simclr.config import Config
from tf_simclr.exporting import hub_module, saved_model
from tf_simclr.exporting.atomic import keep_newest, write_folder

FOLDERS = ("saved_model", "hub")


def restored_parts(config: Config, num_classes: int, prefix: str) -> dict[str, keras.layers.Layer]:
    """The parts of the config's model on one device, with the weights of the checkpoint `prefix`.

    Raises:
      ValueError: if the checkpoint does not fit.
    """
    parts = build.parts(build.model(config, num_classes))
    checkpoints.warm_start(prefix, parts)
    for part in parts.values():
        part.trainable = True  # Whoever loads an export decides what to freeze.
    return parts


def export(config: Config, num_classes: int) -> None:
    """Writes the exports of the newest checkpoint, unless they are there already."""
    model_dir = run_folder.require_model_dir(config)
    prefix = checkpoints.find(model_dir)
    paths = [os.path.join(model_dir, f, str(checkpoints.step_of(prefix))) for f in FOLDERS]
    if all(tf.io.gfile.exists(path) for path in paths):
        return
    parts = restored_parts(config, num_classes, prefix)
    selector = config.finetuning.ft_proj_selector if config.run.train_mode == "finetune" else 0
    save = {
        "saved_model": lambda folder: saved_model.save(parts, folder, selector=selector),
        "hub": lambda folder: hub_module.save(parts["encoder"], folder),
    }

    def write(kind, folder):
        save[kind](folder)
        run_folder.write_settings(config, folder)

    for kind, path in zip(FOLDERS, paths):
        write_folder(path, functools.partial(write, kind))
        keep_newest(os.path.dirname(path), config.evaluation.keep_hub_module_max)
        print(f"Exported {path}")
