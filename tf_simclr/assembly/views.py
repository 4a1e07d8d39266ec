"""Pairs of augmented views, as the model sees them: to look at, and to judge features by."""

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source

PAIRS = 8
VIEW_SEED = 2002_05709  # Of evaluation's views: whatever a run's seed, it is judged by the same.


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


def evaluation_views(config: Config, data: Source, *, pictures: int, pairs: int) -> tf.data.Dataset:
    """Views of test pictures, made by the run's own operations from a fixed seed.

    Args:
      config: of the evaluation; judge_examples and eval_batch_size hold.
      data: of the config.
      pictures: how many at most, evenly spread over those that are judged.
      pairs: of each picture.

    Returns:
      Dicts of image float32 [batch, size, size, 3] in [0, 1], and label int64 [batch], the place
      of the picture in the split. The views of a picture are in a row: the first and the second of
      each pair. The last batch may be short.
    """
    views, split = build_data.pretrain_views(config), config.data.eval_split
    judged = min(data.num_examples(split), config.evaluation.judge_examples)
    places = np.unique(np.linspace(0, judged - 1, min(judged, pictures)).round()).astype(np.int64)

    batch = min(config.evaluation.eval_batch_size, judged)  # as of pictures: no shape is new

    @tf.autograph.experimental.do_not_convert
    def made(place: tf.Tensor, picture: tf.Tensor, pair: tf.Tensor) -> dict[str, tf.Tensor]:
        seed = tf.stack([tf.constant(VIEW_SEED, tf.int64), place * pairs + pair])
        prepared = views.prepare(picture, views.windows(tf.shape(picture), seed), seed)
        one = tf.nest.map_structure(lambda each: each[tf.newaxis], prepared)
        of_batch = tf.random.split(tf.random.fold_in(seed, 1), 2)  # for what a batch draws
        both = views.finish(views.make(one, one_by_one=False), of_batch)
        return {"image": both, "label": tf.repeat(place, 2)}

    def repeated(place: tf.Tensor, picture: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.range(pairs).map(lambda pair: (place, picture, pair))

    chosen = data.records(split).take(judged).enumerate()
    return (
        chosen.filter(lambda place, _: tf.reduce_any(place == places))
        .map(
            lambda place, record: (place, data.decode(record["image"])),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        .flat_map(repeated)
        .map(made, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .unbatch()
        .batch(batch)
        .prefetch(tf.data.AUTOTUNE)
    )
