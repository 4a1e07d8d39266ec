"""Opens the data of a config, and makes the batches and views that networks see."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tf_simclr import replicas, things
from tf_simclr.assembly.holding_out import holding_out
from tf_simclr.config import Config
from tf_simclr.data import contents, few_labels, held_out, pipeline
from tf_simclr.data.augment import policies
from tf_simclr.data.augment.views import PretrainViews, View, Views
from tf_simclr.data.labelled_subset import LabelledSubset, keep_labels, labelled_pictures
from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source


def source(config: Config, *, labels_alone: bool = False) -> Source:
    """The data that the config names, with the labels that it chooses for training.

    The chief prints what was found. Opening a folder reads all of it, so a command does it once.
    Export and embed use all of the data, as they do not learn from labels.

    Args:
      config: of the command.
      labels_alone: whether to leave pictures without a label out of training, if the config
        chooses labels.

    Raises:
      ValueError: if there is no such data, or labels cannot be chosen like this.
    """
    return as_configured(config, opened(config), labels_alone=labels_alone)


def opened(config: Config) -> Source:
    """The data that the config names, all of it. See `source`, also for what it raises."""
    return open_source(
        config.data.dataset,
        data_dir=config.data.data_dir,
        max_bad_fraction=config.data.max_bad_images,
        report=_reporter(),
        kept_in=config.run.model_dir if replicas.is_chief() else None,
        show=replicas.is_chief(),
        keep=not config.run.dry_run,
    )


def as_configured(config: Config, data: Source, *, labels_alone: bool = False) -> Source:
    """Opened data with what the config holds out and labels; the chief prints what there is.

    Args:
      config: of the command.
      data: as `opened` gives it.
      labels_alone: as in `source`.

    Raises:
      ValueError: if a split does not exist, or labels cannot be chosen like this.
    """
    report = _reporter()
    data = holding_out(config, data, report)
    if config.data.stratified_slices:
        data = data.in_order(stratified=True)
    for flag in splits_needed(config):
        _check_split(data, flag, config.flat()[flag])
    judges = config.run.trains or config.run.mode == "eval"
    if config.labels.chosen and judges:
        data = few_labelled(config, data, drop=labels_alone)
    report(f"{data.name}: {contents.describe(data, _uses(config, data))}")
    return data


def _reporter() -> Callable[[str], None]:
    return functools.partial(print, flush=True) if replicas.is_chief() else _say_nothing


def _say_nothing(line: str) -> None:
    """Used by workers other than the chief, which find the same."""


def _uses(config: Config, data: Source) -> dict[str, str]:
    """Purpose of pictures in this mode -> their split."""
    if config.run.trains or config.run.mode == "eval":
        return {"to train": config.data.train_split, "to judge": config.data.eval_split}
    return {f"in {split}": split for split in data.splits}


def splits_needed(config: Config) -> list[str]:
    """The flags of the splits that a command cannot do without."""
    evaluates = config.run.mode in ("eval", "train_then_eval")
    needed = {
        "train_split": config.run.trains or config.run.mode == "export",
        "eval_split": evaluates,
        "embed_split": config.run.mode == "embed" and config.exporting.embed_split is not None,
    }
    return [flag for flag, is_needed in needed.items() if is_needed]


def _check_split(data: Source, flag: str, split: str) -> None:
    try:
        data.num_examples(split)
    except ValueError as error:  # A source says `split`, but users know the flag.
        text = str(error).replace("`split`", f"`{flag}`")
        text = text.replace("Received: split=", f"Received: {flag}=")
        of_folder = data.name == "image_folder" and "train" in data.splits
        if flag == "eval_split" and of_folder and not data.held_out:
            text += f". Or give --eval_split={held_out.SPLIT}: a tenth that training does not see."
        raise ValueError(text) from error


def few_labelled(config: Config, data: Source, *, drop: bool) -> LabelledSubset:
    """`data` with only the chosen labels in its training split.

    Args:
      config: of the run.
      data: with all labels.
      drop: whether pictures without a label are left out of training.

    Raises:
      ValueError: if there are no labels, or they cannot be chosen like this.
    """
    labels, split, seed = config.labels, config.data.train_split, config.run.seed
    pictures = labelled_pictures(data, split)
    if not pictures:
        (name,) = labels.ways()
        raise ValueError(
            f"`{name}` needs labels to choose from, and {data.name} has none in {split!r}."
            f" Received: {name}={getattr(labels, name)!r}. {data.how_to_label}"
        )
    if any(len(set(names)) < len(names) for names in pictures.values()):
        raise ValueError(
            "`train_split` must not hold a picture twice if labels are chosen. Received:"
            f" train_split={split!r}. Name each split, or part of one, once."
        )
    if labels.label_list is not None:
        chosen = few_labels.choose_listed(pictures, labels.label_list)
    elif labels.labels_per_class:
        chosen = few_labels.draw_per_class(pictures, labels.labels_per_class, seed=seed)
    else:
        chosen = few_labels.draw_fraction(pictures, labels.label_fraction, seed=seed)
    return keep_labels(data, split, chosen, drop=drop)


def stream(config: Config, data: Source, start_step: int) -> pipeline.Stream:
    """The training pictures of a run, from step `start_step` on."""
    return pipeline.Stream(
        source=data,
        split=config.data.train_split,
        batch_size=config.training.train_batch_size,
        image_size=config.data.view_side,
        seed=config.run.seed,
        start_step=start_step,
        cache=config.data.cache_dataset,
    )


def pretrain_views(config: Config) -> PretrainViews:
    """Makes the two views of a picture for pretraining."""
    first, second = (
        View.of(*(_operation(config, word) for word in words)) for words in config.operations
    )
    return PretrainViews(config.data.view_side, (first, second))


def single_view(config: Config) -> PretrainViews:
    """Makes one view of a picture, the first, for a task that does not compare two."""
    views = pretrain_views(config)
    return dataclasses.replace(views, each=views.each[:1])


def _operation(config: Config, word: str) -> Any:
    """The operation with this word; each field is set by the flag of the same name."""
    kind = things.load("data.augment", word)
    names = [field.name for field in dataclasses.fields(kind)]
    return kind(**{name: getattr(config.data, name) for name in names})


def views_in_the_step(config: Config, views: Views) -> Callable[[Any, tf.Tensor], tf.Tensor]:
    """The function that makes views in the training step: [views * batch, size, size, 3].

    It takes images from training_data, and int64 [views, 2]: a seed for each view of the batch.
    """
    on_device = config.views_on == "device"

    def make(images: Any, seeds: tf.Tensor) -> tf.Tensor:
        if on_device:
            images = views.make(images, one_by_one=False)
        return views.finish(images, seeds)

    return make


def evaluation_view(config: Config) -> Callable[[tf.Tensor], tf.Tensor]:
    """The function that makes evaluation's view: uint8 [h, w, 3] -> float32 [size, size, 3]."""
    size, share = config.data.image_size, config.data.center_crop
    return lambda image: policies.evaluation_view(image, size=size, share=share)


def evaluation_data(
    config: Config, data: Source, split: str, *, names: bool = False, labelled: bool = False
) -> tf.data.Dataset:
    """One pass over `split`, by pipeline.evaluation_batches."""
    return pipeline.evaluation_batches(
        data,
        split,
        view=evaluation_view(config),
        batch_size=config.evaluation.eval_batch_size,
        names=names,
        labelled=labelled,
    )
