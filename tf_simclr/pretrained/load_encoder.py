"""Loads a trained encoder as a Keras layer."""

import os

import tensorflow as tf

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.nets.encoder import Encoder
from tf_simclr.pretrained.origins import open_checkpoint
from tf_simclr.pretrained.trained import settings_of


def load_encoder(path: str | os.PathLike[str], *, use_ema_weights: bool = False) -> Encoder:
    """Loads the encoder of a run, a checkpoint, an export, or a released model.

    The architecture comes from the settings in the same folder, or from the variables.

    Args:
      path: a run's folder (its newest checkpoint is used), a checkpoint's prefix such as
        RUN/ckpt-120, RUN/saved_model/STEP or RUN/hub/STEP; or the folder of a released SimCLR v1 or
        v2 model, as a TensorFlow 1 checkpoint or a TensorFlow 2 SavedModel.
      use_ema_weights: use the moving average of the weights. Some released checkpoints have it, and
        so do those of a run with --memory_size.

    Returns:
      An Encoder, such as a ResNet, which is a tf_keras layer: float [batch, h, w, 3] in [0, 1] -> a
      dict of endpoints, of which "final_avg_pool" [batch, features] is the representation. Its
      `trained_size` is the side of the pictures that it was trained on, if known. An eager call
      with pictures of a very different size, or with values outside [0, 1], warns once.

    Raises:
      ValueError: if there is no checkpoint at `path`, this project does not have such an encoder,
        it does not fit the settings, variables are missing, or there are no averaged weights.
    """
    path = os.fspath(path)
    found = open_checkpoint(path, averaged=use_ema_weights)
    settings = settings_of(found)
    architecture = architecture_of(settings.flat())
    encoder = architecture.encoder(**settings.model.norms)
    encoder(tf.zeros([1, architecture.image_size, architecture.image_size, 3]))
    found.restore({"encoder": encoder})
    encoder.trained_size = found.trained_size
    return encoder
