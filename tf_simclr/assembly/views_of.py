"""Batches of views for `SimCLR.fit`, from a folder or from arrays."""

import os
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.config.fields import require
from tf_simclr.data.augment.views import PretrainViews
from tf_simclr.data.opening import open_source

FOLDER, TRAIN = "image_folder", "train"


def views_of(
    pictures: "str | os.PathLike | np.ndarray",
    *,
    size: int,
    batch_size: int,
    seed: int = 0,
    **flags: Any,
) -> tf.data.Dataset:
    """Two views of each picture, as `SimCLR.fit` takes them (arXiv 2002.05709, appendix A).

        batches = views_of("PICTURES", size=32, batch_size=64)
        model.fit(batches, epochs=10)

    One pass is an epoch. Each pass has another order and other views.

    Args:
      pictures: a folder, whose split `train` is read, or an array uint8 [n, height, width, 3].
      size: side of the views, in pixels.
      batch_size: pictures in a batch; what is left of an epoch after whole batches is dropped.
      seed: of order and views.
      **flags: of the command line that say how views are made, such as min_crop_area=0.3,
        color_jitter_strength=0.5 or view_operations="crop,flip".

    Returns:
      A dataset of float32 [batch_size, size, size, 6] in [0, 1]: the second view follows the first
      on the last axis.

    Raises:
      ValueError: for no pictures, or fewer than a batch; a flag that does not exist or is out of
        range.
    """
    config = Config.from_flat({"image_size": size, "train_batch_size": batch_size, **flags})
    views = build_data.pretrain_views(config)
    if isinstance(pictures, str | os.PathLike):
        source = open_source(FOLDER, data_dir=os.fspath(pictures))
        count, decode = source.num_examples(TRAIN), source.decode
        records = source.records(TRAIN).map(lambda record: record["image"])
    else:
        count, decode = len(_checked(pictures)), tf.identity
        records = tf.data.Dataset.from_tensor_slices(pictures)
    require(batch_size <= count, "batch_size", f"must be at most the {count} pictures", batch_size)
    seeds = tf.data.Dataset.random(seed, rerandomize_each_iteration=True).batch(2)

    @tf.autograph.experimental.do_not_convert
    def prepare(record: tf.Tensor, drawn: tf.Tensor) -> Any:
        picture = decode(record)
        return views.prepare(picture, views.windows(tf.shape(picture), drawn), drawn), drawn

    @tf.autograph.experimental.do_not_convert
    def make(prepared: Any, drawn: tf.Tensor) -> tf.Tensor:
        return _pairs(views, prepared, drawn[:2])

    shuffled = records.shuffle(count, seed=seed)  # A new order in each pass, which is the default.
    return (
        tf.data.Dataset.zip((shuffled, seeds))
        .map(prepare, num_parallel_calls=tf.data.AUTOTUNE)
        .batch(batch_size, drop_remainder=True)
        .map(make, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(tf.data.AUTOTUNE)
    )


def _pairs(views: PretrainViews, prepared: Any, seeds: tf.Tensor) -> tf.Tensor:
    """Views [batch, size, size, 6] of prepared pictures; `seeds` int64 [2, 2], of the batch."""
    images = views.finish(views.make(prepared, one_by_one=False), seeds)
    return tf.concat(tf.split(images, 2), axis=-1)


def _checked(pictures: np.ndarray) -> np.ndarray:
    shape, kind = np.shape(pictures), getattr(pictures, "dtype", None)
    require(
        len(shape) == 4 and shape[-1] == 3 and kind == np.uint8,
        "pictures",
        "must be a folder, or an array uint8 [n, height, width, 3]",
        f"{kind} {list(shape)}",
    )
    return pictures
