"""Pictures as the model sees them in training: to look at, and to judge features by."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.augment import policies
from tf_simclr.data.augment.views import PretrainViews
from tf_simclr.data.source import Source
from tf_simclr.reporting.content import ViewWords

ROWS = 8
VIEW_SEED = 2002_05709  # Of evaluation's views: whatever a run's seed, it is judged by the same.


class Drawn(NamedTuple):
    """Pictures that a method trains on, to look at.

    Attributes:
      pictures: uint8 [rows, columns, side, side, 3].
      words: what is said of them, with a caption for each column.
    """

    pictures: np.ndarray
    words: ViewWords

    def strip(self) -> np.ndarray:
        """uint8 [rows, columns * side, side, 3]: what the network sees, one below the other."""
        seen = self.pictures[:, self.words.apart :]
        rows, columns, height, width, channels = seen.shape
        return seen.reshape(rows, columns * height, width, channels)


def originals(config: Config, data: Source, *, count: int = ROWS) -> np.ndarray:
    """The first `count` training pictures, whole, of a view's size: uint8 [n, size, size, 3]."""

    def view(image: tf.Tensor) -> tf.Tensor:
        return policies.evaluation_view(image, size=config.data.view_side)

    records = data.records(config.data.train_split).take(count)
    return _bytes(tf.stack([view(data.decode(record["image"])) for record in records]))


def views_of_first(
    config: Config, data: Source, views: PretrainViews, *, count: int = ROWS
) -> np.ndarray:
    """The views of each of the first `count` training pictures.

    Returns:
      uint8 [n, views, size, size, 3], blur included.
    """
    prepared = []
    for place, record in enumerate(data.records(config.data.train_split).take(count)):
        image, seed = data.decode(record["image"]), tf.constant([config.run.seed, place], tf.int64)
        prepared.append(views.prepare(image, views.windows(tf.shape(image), seed), seed))
    batch = tf.nest.map_structure(lambda *each: tf.stack(each), *prepared)
    number = len(views.each)
    seeds = tf.constant([[config.run.seed, view] for view in range(number)], tf.int64)
    images = views.finish(views.make(batch, one_by_one=False), seeds)
    return _bytes(tf.stack(tf.split(images, number), axis=1))


def _bytes(images: tf.Tensor) -> np.ndarray:
    return tf.image.convert_image_dtype(images, tf.uint8, saturate=True).numpy()


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
