"""Pairs of augmented views to look at, as the model sees them."""

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source

PAIRS = 8


def view_pairs(config: Config, data: Source, *, pairs: int = PAIRS) -> np.ndarray:
    """Two views of each of the first `pairs` training pictures.

    Returns:
      uint8 [pairs, 2, size, size, 3], blur included.
    """
    views = build_data.pretrain_views(config)
    prepared = []
    for place, record in enumerate(data.records(config.data.train_split).take(pairs)):
        image, seed = data.decode(record["image"]), tf.constant([config.run.seed, place], tf.int64)
        prepared.append(views.prepare(image, views.windows(tf.shape(image), seed), seed))
    batch = tf.nest.map_structure(lambda *each: tf.stack(each), *prepared)
    seeds = tf.constant([[config.run.seed, view] for view in range(2)], tf.int64)
    images = views.finish(views.make(batch, one_by_one=False), seeds)
    both = tf.split(images, 2)  # [pairs, size, size, 3] each
    return tf.image.convert_image_dtype(tf.stack(both, axis=1), tf.uint8, saturate=True).numpy()


def view_strip(pairs: np.ndarray) -> np.ndarray:
    """uint8 [pairs, 2, h, w, 3] -> [pairs, 2 * h, w, 3]: one view above the other."""
    count, views, height, width, channels = pairs.shape
    return pairs.reshape(count, views * height, width, channels)
