"""The seed patches of a config that learns by exemplars: kept in its run, and copied."""

import dataclasses

import numpy as np
import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import VIEW_SEED
from tf_simclr.config import Config
from tf_simclr.data import pipeline, seed_patches
from tf_simclr.data.augment.copies import Copies
from tf_simclr.data.augment.crop import crop_and_resize
from tf_simclr.data.cut_share import Cuts, cut_share
from tf_simclr.data.name_lists import some
from tf_simclr.data.seed_patches import OFFERED, Seeds
from tf_simclr.data.source import Source
from tf_simclr.workdir.seeds_file import SEEDS, Drawing, read_seeds, write_seeds

ROWS, COPIES = 6, 12  # patches on the page, and copies of each
_NAMED = 3  # pictures in an error


def check_count(config: Config, data: Source) -> None:
    """Raises ValueError if the training pictures cannot offer as many patches as are wanted."""
    split, count = config.data.train_split, config.exemplar.exemplar_classes
    pictures = data.num_examples(split)
    if count > OFFERED * pictures:
        raise ValueError(
            "`exemplar_classes` must not be more than the patches that can be cut: the"
            f" {pictures} pictures in {split!r} of {data.name} have {OFFERED} each,"
            f" {OFFERED * pictures} together. Received: exemplar_classes={count}. Give fewer, or"
            " more pictures."
        )


def seeds_of(config: Config, data: Source, step: int = 0) -> Seeds:
    """The patches of a run: those in its folder, or drawn from its seed and written there.

    Each worker draws the same; the first one writes.

    Args:
      config: of the run.
      data: of the config.
      step: from which on it trains. A run that goes on needs those that it began with.

    Raises:
      ValueError: if it goes on and has none, or the pictures have fewer patches.
    """
    folder, drawing = config.run.model_dir, _drawing(config, data)
    kept = read_seeds(folder) if folder else None
    if kept is not None and (step or kept[0] == drawing):
        return kept[1]
    if step:
        raise ValueError(
            f"`model_dir` must hold a readable {SEEDS} for a run to go on: it lists the patches"
            f" that are its classes. Received: model_dir={folder!r}, at step {step}, without one."
            " Restore it, or start anew in another folder."
        )
    try:
        seeds = seed_patches.draw(
            data,
            drawing.split,
            drawing.patches,
            seed=drawing.seed,
            show=replicas.is_chief(),
        )
    except ValueError as error:  # Users know the flag.
        raise ValueError(str(error).replace("count", "exemplar_classes")) from error
    if folder and replicas.is_chief() and not config.run.dry_run:
        write_seeds(folder, drawing, seeds)
    return seeds


def _drawing(config: Config, data: Source) -> Drawing:
    split, count = config.data.train_split, config.exemplar.exemplar_classes
    return Drawing(config.run.seed, split, data.num_examples(split), count)


def cuts_of(config: Config, data: Source, seeds: Seeds) -> Cuts:
    """Where the patches lie in the training split, and how they are copied in the network's size.

    Raises:
      ValueError: if pictures are gone.
    """
    different = tuple(dict.fromkeys(seeds.names))
    place = dict(zip(different, data.places(config.data.train_split, different).tolist()))
    gone = [name for name in different if place[name] < 0]
    if gone:
        raise ValueError(
            "`model_dir` must not hold a run whose classes are patches of pictures that are gone."
            f" Received: model_dir={config.run.model_dir!r}, whose {SEEDS} names {len(gone)} that"
            f" are not in {config.data.train_split!r} of {data.name}: {some(gone, _NAMED)}. Restore"
            " them, or start anew in another folder."
        )
    places = np.array([place[name] for name in seeds.names], np.int64)
    axes = tuple(tuple(row) for row in seeds.axes.tolist())
    copies = Copies(config.data.view_side, tuple(seeds.mean.tolist()), axes)
    return Cuts(places, seeds.boxes, copies)


def cuts_of_run(config: Config, data: Source) -> Cuts | None:
    """The patches of the run in model_dir; None if there are none, or not of these pictures."""
    kept = read_seeds(config.run.model_dir) if config.run.model_dir else None
    if kept is None or not data.has(config.data.train_split):
        return None
    try:
        return cuts_of(config, data, kept[1])
    except ValueError:
        return None


def copies_to_judge(config: Config, data: Source, cuts: Cuts) -> tf.data.Dataset:
    """One copy of each of some patches, drawn from a fixed seed: none was seen in training.

    Returns:
      Batches of images float32 [batch, size, size, 3] and numbers int64 [batch], without order; as
      many whole batches as --judge_examples allows and there are patches for, at least one.
    """
    most = min(len(cuts.places), config.evaluation.judge_examples)
    batch = min(config.evaluation.eval_batch_size, most)
    stream = dataclasses.replace(
        build_data.stream(config, data, 0),
        batch_size=batch,
        seed=VIEW_SEED,
        cuts=cuts,
    )
    batches = pipeline.exemplar_batches(stream, tf.distribute.InputContext())
    return batches.take(most // batch)


def rows_of_copies(config: Config, data: Source, cuts: Cuts) -> np.ndarray:
    """Some patches, evenly spread over all, and copies of each.

    Returns:
      uint8 [rows, 1 + COPIES, size, size, 3], the patch first.
    """
    places, boxes, made = cuts
    size, count = config.data.view_side, min(ROWS, len(places))
    chosen = np.linspace(0, len(places) - 1, count).round().astype(int)
    share = cut_share(data, config.data.train_split, Cuts(places[chosen], boxes[chosen], made))
    rows = {}
    for record in share.shuffled(seed=0, start=0, window=1).take(count).map(share.parse):
        picture, box = data.decode(record["image"]), record["box"]
        number = int(chosen[record["number"]])
        placed = []
        for copy in range(COPIES):
            seed = tf.constant([config.run.seed, number * COPIES + copy], tf.int64)
            placed.append(made.place(picture, made.windows(tf.shape(picture), box, seed), seed))
        images = made.make(tf.nest.map_structure(lambda *each: tf.stack(each), *placed))
        patch = crop_and_resize(picture, tf.concat([box, box[2:]], axis=0), size, size) / 255
        row = tf.concat([patch[tf.newaxis], images], axis=0)
        rows[number] = tf.image.convert_image_dtype(row, tf.uint8, saturate=True).numpy()
    return np.stack([rows[number] for number in sorted(rows)])
