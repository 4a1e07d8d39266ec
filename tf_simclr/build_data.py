"""Config -> the data of a run: where pictures come from, and what networks see of them."""

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.data import pipeline
from tf_simclr.data.augment import policies
from tf_simclr.data.augment.blur import random_blur
from tf_simclr.data.augment.cutout import random_cutout
from tf_simclr.data.augment.rotation import random_rotation
from tf_simclr.data.augment.views import PretrainViews
from tf_simclr.data.sources import Source, open_source

EXTRA_AUGMENTATIONS = {"none": None, "rotate": random_rotation, "cutout": random_cutout}


def source(config: Config) -> Source:
    """The data that the config names. Raises ValueError where there is none."""
    return open_source(
        config.data.dataset,
        data_dir=config.data.data_dir,
        max_bad_fraction=config.data.max_bad_images,
    )


def training_data(
    config: Config, data: Source, start_step: int, strategy: tf.distribute.Strategy
) -> tf.data.Dataset:
    """Endless training batches from `start_step` on, spread over the strategy's replicas."""
    stream = pipeline.Stream(
        source=data,
        split=config.data.train_split,
        batch_size=config.training.train_batch_size,
        image_size=config.data.image_size,
        seed=config.run.seed,
        start_step=start_step,
        cache=config.data.cache_dataset,
    )
    with_labels = config.run.classifies or config.training.lineareval_while_pretraining
    num_classes = data.num_classes if with_labels else 0

    def batches(context: tf.distribute.InputContext) -> tf.data.Dataset:
        if not config.run.classifies:
            on_device = config.data.augment_on == "device"
            views = pretrain_views(config)
            return pipeline.pretrain_batches(
                stream, views, num_classes, context, on_device=on_device
            )
        view = policies.FinetuneView(config.data.image_size)
        return pipeline.finetune_batches(stream, view, num_classes, context)

    return strategy.distribute_datasets_from_function(batches)


def pretrain_views(config: Config) -> PretrainViews:
    """How two views of a picture are made for pretraining, without blur."""
    data = config.data
    return PretrainViews(
        data.image_size,
        data.color_jitter_strength,
        min_crop_area=data.min_crop_area,
        extra=EXTRA_AUGMENTATIONS[data.extra_augmentation],
    )


def views_in_the_step(config: Config) -> Callable[[Any, tf.Tensor], tf.Tensor]:
    """How the training step makes views [2 * batch, size, size, 3] of what training_data gives it.

    Its second argument is int64 [2, 2], a seed for each view of the batch.
    """
    on_device, views = config.data.augment_on == "device", pretrain_views(config)

    def make(images, seeds):
        if on_device:
            images = views.make(images, one_by_one=False)
        return blurred_views(config, images, seeds)

    return make


def blurred_views(config: Config, images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
    """Takes pairs of views apart and blurs them as the config says.

    Args:
      config: of the run.
      images: float32 [batch, size, size, 6].
      seeds: int64 [2, 2], one for each view.

    Returns:
      float32 [2 * batch, size, size, 3], the first views before the second ones.
    """
    pair = tf.split(images, 2, axis=-1)
    if config.data.use_blur:
        per_image = config.data.blur_sigma == "image"
        pair = [
            random_blur(view, seed, sigma_per_image=per_image)
            for view, seed in zip(pair, tf.unstack(seeds))
        ]
    return tf.concat(pair, axis=0)


def evaluation_view(config: Config) -> Callable[[tf.Tensor], tf.Tensor]:
    """Picture uint8 [h, w, 3] -> what evaluation sees of it, float32 [size, size, 3]."""
    return lambda image: policies.evaluation_view(image, size=config.data.image_size)


def evaluation_data(
    config: Config, data: Source, split: str, *, names: bool = False
) -> tf.data.Dataset:
    """One pass over `split`, as pipeline.evaluation_batches gives it."""
    return pipeline.evaluation_batches(
        data,
        split,
        view=evaluation_view(config),
        batch_size=config.evaluation.eval_batch_size,
        names=names,
    )


def labelled(batch: Mapping[str, tf.Tensor], num_classes: int) -> tuple[tf.Tensor, tf.Tensor]:
    """A batch of evaluation_data as (images, one_hot [batch, num_classes]) for Model.evaluate."""
    return batch["image"], tf.one_hot(batch["label"], num_classes)
