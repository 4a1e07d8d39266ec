"""The patches of a config that learns relative positions: to train on, to judge by, to look at."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import ROWS, VIEW_SEED
from tf_simclr.config import Config
from tf_simclr.data.patch_pairs.grid import Grid
from tf_simclr.data.patch_pairs.views import Patches, PatchViews
from tf_simclr.data.source import Source
from tf_simclr.reporting.frames import frame

SHOWN_SIDE = 96  # pixels of a picture on the page
# As on the page: of the grid, of its centre, and of the neighbour of a pair.
GRID_COLOR, CENTRE_COLOR, NEIGHBOUR_COLOR = (128, 128, 128), (52, 84, 209), (226, 104, 16)


def grid_of(config: Config, side: int) -> Grid:
    """The grid that the flags of a config describe, in pictures of `side` pixels."""
    flags = config.relative_position
    return Grid.of(
        side,
        patch=flags.relative_position_patch,
        gap=flags.relative_position_gap,
        jitter=flags.relative_position_jitter,
    )


def patches_of(config: Config) -> Patches:
    """Makes the patches of a picture of the config's size."""
    color = config.relative_position.relative_position_color
    return Patches(grid_of(config, config.data.image_size), color)


def patch_views(config: Config) -> PatchViews:
    """Makes the patches of one view of a picture, to train on."""
    return PatchViews(build_data.single_view(config), patches_of(config))


def patches_to_judge(config: Config, data: Source) -> tf.data.Dataset:
    """Patches of test pictures as evaluation sees them, drawn from a fixed seed.

    Returns:
      Batches of float32 [batch, 9, patch, patch, 3], in the order of the split. The last may be
      short.
    """
    patches = patches_of(config)

    @tf.autograph.experimental.do_not_convert
    def made(place: tf.Tensor, record: dict[str, tf.Tensor]) -> tf.Tensor:
        drawn = patches.draws(tf.stack([tf.constant(VIEW_SEED, tf.int64), place]))
        one = tf.nest.map_structure(lambda each: each[tf.newaxis], drawn)
        return patches.make(record["image"][tf.newaxis], one)[0]

    pictures = build_data.evaluation_data(config, data, config.data.eval_split).unbatch()
    return (
        pictures.enumerate()
        .map(made, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
        .batch(config.evaluation.eval_batch_size)
        .prefetch(tf.data.AUTOTUNE)
    )


def pairs_of_first(config: Config, data: Source, *, count: int = ROWS) -> np.ndarray:
    """A pair of patches of each of the first `count` training pictures, and where they lie.

    Returns:
      uint8 [n, 3, side, side, 3]: the view with its grid, on which the pair is marked; the centre;
      and a neighbour, another one in each row.
    """
    views, prepared = patch_views(config), []
    for place, record in enumerate(data.records(config.data.train_split).take(count)):
        image, seed = data.decode(record["image"]), tf.constant([config.run.seed, place], tf.int64)
        prepared.append(views.prepare(image, views.windows(tf.shape(image), seed), seed))
    batch = tf.nest.map_structure(lambda *each: tf.stack(each), *prepared)
    pictures = views.view.make(batch, one_by_one=False)
    patches = _shown(views.patches.make(pictures, batch))  # [n, 9, side, side, 3]
    rows = []
    for place, (picture, corners) in enumerate(zip(_shown(pictures), batch["corners"].numpy())):
        neighbour = 1 + place % (len(corners) - 1)
        marked = _marked(picture, corners, neighbour, views.patches.grid)
        rows.append([marked, patches[place, 0], patches[place, neighbour]])
    return np.array(rows)


def _shown(pictures: tf.Tensor) -> np.ndarray:
    """Float [..., h, w, 3] as uint8 [..., SHOWN_SIDE, SHOWN_SIDE, 3]; pixels stay sharp."""
    flat = tf.reshape(pictures, [-1, *pictures.shape[-3:]])
    method = tf.image.ResizeMethod.NEAREST_NEIGHBOR
    large = tf.image.resize(flat, [SHOWN_SIDE, SHOWN_SIDE], method=method)
    whole = tf.image.convert_image_dtype(large, tf.uint8, saturate=True).numpy()
    return whole.reshape(*pictures.shape[:-3], SHOWN_SIDE, SHOWN_SIDE, 3)


def _marked(
    picture: np.ndarray, corners: Sequence[Sequence[int]], neighbour: int, grid: Grid
) -> np.ndarray:
    """A picture uint8 [side, side, 3] with a frame around each patch, in colour for the pair."""
    scale = len(picture) / grid.side
    colors = {0: CENTRE_COLOR, neighbour: NEIGHBOUR_COLOR}
    others = [number for number in range(len(corners)) if number not in colors]
    for number in (*others, *colors):
        top, left = (round(scale * corner) for corner in corners[number])
        side, width = round(scale * grid.patch), 2 if number in colors else 1
        box = (top, left, side, side)
        picture = frame(picture, box, colors.get(number, GRID_COLOR), width=width)
    return picture
