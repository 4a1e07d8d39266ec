"""A trained encoder back as a Keras layer."""

import os

import tensorflow as tf

from tf_simclr import build, checkpoints, run_folder
from tf_simclr.nets.resnet import ResNet


def load_encoder(path: str) -> ResNet:
    """Loads the encoder of a run, a checkpoint or an export.

    The architecture is read from the settings that lie beside the weights.

    Args:
      path: a run's folder (its newest checkpoint is taken), a checkpoint's prefix such as
        RUN/ckpt-120, or RUN/saved_model/STEP or RUN/hub/STEP.

    Returns:
      A ResNet, a tf_keras layer: float [batch, h, w, 3] in [0, 1] -> a dict of endpoints, of which
      "final_avg_pool" [batch, features] is the representation.

    Raises:
      ValueError: if there is no checkpoint or no settings at `path`, or they do not fit.
    """
    prefix = checkpoints.find(path)
    folders = [path, os.path.dirname(path)]
    config = next((found for f in folders if (found := run_folder.read_settings(f))), None)
    if config is None:
        raise ValueError(
            f"`path` must have {run_folder.SETTINGS} beside its weights. Received: path={path!r}."
        )
    encoder = build.encoder(config)
    encoder(tf.zeros([1, config.data.image_size, config.data.image_size, 3]))
    checkpoints.warm_start(prefix, {"encoder": encoder})
    return encoder
