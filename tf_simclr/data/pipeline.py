"""Source -> batches for the model; all randomness comes from the seed and the stream's position.

The stream of training pictures is an endless sequence: epoch after epoch, each shuffled by its own
seed, as `order` says. Step s reads its elements s * batch .. (s + 1) * batch - 1, so a run that
resumes at step s starts the stream there instead of restoring an iterator.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_simclr.data.augment.policies import FinetuneView
from tf_simclr.data.augment.views import DENSE_SIDE, Prepared, Views, compiled
from tf_simclr.data.source import Source

# In whole batches, as in the original; small pictures are cheap to hold.
SHUFFLE_BATCHES, SHUFFLE_BATCHES_SMALL, SMALL = 10, 50, 32
# Pictures whose views one core makes at a time: few, so that they stay in its caches, and many
# cores need little memory.
TOGETHER = 8


@dataclasses.dataclass(frozen=True)
class Stream:
    """Where training pictures come from, in which order, and where to begin.

    Attributes:
      source: the data.
      split: name of the split.
      batch_size: pictures per step over all replicas.
      image_size: side of a view; it decides how many pictures are shuffled at a time.
      seed: of shuffling and augmentation.
      start_step: the step that the first batch is for.
      cache: keep the undecoded records in memory.
    """

    source: Source
    split: str
    batch_size: int
    image_size: int
    seed: int
    start_step: int = 0
    cache: bool = False

    @property
    def shuffle_window(self) -> int:
        """How many pictures, over all input pipelines, are shuffled at a time in files."""
        small = self.image_size <= SMALL
        return self.batch_size * (SHUFFLE_BATCHES_SMALL if small else SHUFFLE_BATCHES)


def endless_records(stream: Stream, context: tf.distribute.InputContext) -> tf.data.Dataset:
    """This input pipeline's endless share of (position int64, record), from start_step on.

    Args:
      stream: what to read.
      context: of the input pipeline; each reads a shard of its own.

    Raises:
      ValueError: if there are more input pipelines than pictures.
    """
    pipelines, index = context.num_input_pipelines, context.input_pipeline_id
    share = stream.source.share(stream.split, num_shards=pipelines, shard_index=index)
    if stream.cache:
        share = share.remembered()
    start = stream.start_step * (stream.batch_size // pipelines)
    # Differs from the original, which shuffles one endless stream by a hidden state.
    records = share.shuffled(
        seed=stream.seed, start=start, window=max(1, stream.shuffle_window // pipelines)
    ).map(share.parse, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    positions = tf.data.Dataset.range(start, tf.int64.max)
    # Positions of all pipelines interleave, so that no two pictures share a seed.
    positions = positions.map(lambda number: number * pipelines + index)
    return tf.data.Dataset.zip((positions, records))


def pretrain_batches(
    stream: Stream,
    views: Views,
    num_classes: int,
    context: tf.distribute.InputContext,
    *,
    on_device: bool = False,
) -> tf.data.Dataset:
    """Endless batches to pretrain on: images float32 [local, size, size, 3 * views], and one_hot.

    Args:
      stream: what to read.
      views: how the views of a picture are made.
      num_classes: 0 leaves one_hot out.
      context: as strategy.distribute_datasets_from_function passes it.
      on_device: whether the training step makes the views; then the images are what `views`
        prepared (see views.Prepared).
    """
    source, shape = stream.source, stream.source.picture_shape
    whole = shape is not None and (on_device or max(shape) <= DENSE_SIDE)

    def prepare(image: tf.Tensor, seed: tf.Tensor) -> Prepared:
        if whole:
            return views.prepare_whole(tf.ensure_shape(source.decode(image), shape), seed)
        picture, windows = source.decode_windows(image, lambda s: views.windows(s, seed))
        return views.prepare(picture, windows, seed)

    finish = None if on_device else compiled(views)
    return _batches(stream, prepare, num_classes, context, finish)


def finetune_batches(
    stream: Stream, view: FinetuneView, num_classes: int, context: tf.distribute.InputContext
) -> tf.data.Dataset:
    """Endless batches for Classifier: images float32 [local, size, size, 3] and one_hot."""

    def prepare(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        picture, windows = stream.source.decode_windows(image, lambda s: view.windows(s, seed))
        return view.make(picture, windows, seed)

    return _batches(stream, prepare, num_classes, context)


def _batches(
    stream: Stream,
    prepare: Callable[[tf.Tensor, tf.Tensor], Prepared | tf.Tensor],
    num_classes: int,
    context: tf.distribute.InputContext,
    finish: Callable[[Prepared], tf.Tensor] | None = None,
) -> tf.data.Dataset:
    @tf.autograph.experimental.do_not_convert
    def example(position: tf.Tensor, record: dict[str, tf.Tensor]) -> Any:
        seed = tf.stack([tf.constant(stream.seed, tf.int64), position])
        image = prepare(record["image"], seed)
        if not num_classes:
            return image
        return image, tf.one_hot(record["label"], num_classes)  # zeros for label -1

    local = context.get_per_replica_batch_size(stream.batch_size)
    pictures = endless_records(stream, context).map(
        example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    if finish is None:
        batches = pictures.batch(local, drop_remainder=True)
    else:
        batches = pictures.batch(min(local, TOGETHER), drop_remainder=True)
        batches = batches.map(
            lambda images, *labels: (finish(images), *labels) if labels else finish(images),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        ).rebatch(local, drop_remainder=True)
    return batches.prefetch(tf.data.AUTOTUNE)


def evaluation_batches(
    source: Source,
    split: str,
    *,
    view: Callable[[tf.Tensor], tf.Tensor],
    batch_size: int,
    names: bool = False,
    labelled: bool = False,
) -> tf.data.Dataset:
    """One pass over a split, in order.

    Args:
      source: the data.
      split: name of the split.
      view: uint8 [h, w, 3] -> float32 [size, size, 3].
      batch_size: pictures per batch; the last may be short.
      names: whether each picture's name comes with it.
      labelled: whether pictures without a label are left out.

    Returns:
      Dicts of image float32 [batch, size, size, 3], label int64 [batch] (-1 = none), identity and
      group int64 [batch] if the data has them, and name string [batch] if asked for.
    """

    @tf.autograph.experimental.do_not_convert
    def example(record: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return record | {"image": view(source.decode(record["image"]))}

    records = source.records(split, names=names)
    if labelled:
        records = records.filter(lambda record: record["label"] >= 0)
    return (
        records.map(example, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )
