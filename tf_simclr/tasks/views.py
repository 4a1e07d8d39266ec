"""Pairs of augmented views as the model sees them, to look at."""

import numpy as np
import tensorflow as tf

from tf_simclr import build
from tf_simclr.config import Config
from tf_simclr.data.augment.blur import random_blur
from tf_simclr.data.sources import Source

PAIRS = 8


def view_pairs(config: Config, data: Source, *, pairs: int = PAIRS) -> np.ndarray:
    """Two views each of the first `pairs` training pictures.

    Returns:
      uint8 [pairs, 2, size, size, 3], blur included.
    """
    view = build.pretrain_view(config)
    views: list[list[tf.Tensor]] = [[], []]
    for place, record in enumerate(data.records(config.data.train_split).take(pairs)):
        image = data.decode(record["image"])
        for number in range(2):
            seed = tf.constant([config.run.seed, 2 * place + number], tf.int64)
            views[number].append(view(image, seed))
    batches = [tf.stack(batch) for batch in views]
    if config.data.use_blur:
        batches = [
            random_blur(batch, tf.constant([config.run.seed, number], tf.int64))
            for number, batch in enumerate(batches)
        ]
    return tf.image.convert_image_dtype(tf.stack(batches, axis=1), tf.uint8, saturate=True).numpy()


def view_strip(pairs: np.ndarray) -> np.ndarray:
    """uint8 [pairs, 2, h, w, 3] -> [pairs, 2 * h, w, 3]: one view above the other."""
    count, views, height, width, channels = pairs.shape
    return pairs.reshape(count, views * height, width, channels)
