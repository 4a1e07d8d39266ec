"""Patches of a picture: cut from its view, by its own draws, the same wherever they are made."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.views import PretrainViews, View, compiled
from tf_simclr.data.patch_pairs.color import drop, level, project, without_mean
from tf_simclr.data.patch_pairs.grid import Grid
from tf_simclr.data.patch_pairs.resampling import resample
from tf_simclr.data.patch_pairs.views import Patches, PatchViews

GRIDS = [Grid(24, 5, 2, 1), Grid(32, 9, 1, 0)]
COLORS = ("drop", "project", "keep")


def seeds_of(count):
    return tf.constant([[3, place] for place in range(count)], tf.int64)


def pictures_of(count, height, width):
    random = np.random.default_rng(height)
    return random.integers(0, 256, (count, height, width, 3)).astype(np.uint8)


def stacked(each):
    return tf.nest.map_structure(lambda *parts: tf.stack(parts), *each)


def views_of(grid, color, *operations):
    return PatchViews(
        PretrainViews(grid.side, (View.of(Crop(0.5), *operations),)), Patches(grid, color)
    )


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize("grid", GRIDS, ids=str)
def test_patches_are_cut_then_resampled_and_then_their_colours_are_hidden(grid, color):
    """One patch at a time, in this order, by the functions that are tested by themselves."""
    pictures = np.float32(pictures_of(2, grid.side, grid.side) / 255)
    drawn = [Patches(grid, color).draws(seed) for seed in seeds_of(2)]
    made = Patches(grid, color).make(tf.constant(pictures), stacked(drawn)).numpy()
    assert made.shape == (2, 9, grid.patch, grid.patch, 3)
    for picture, own, patches in zip(pictures, drawn, made):
        for number, (top, left) in enumerate(own["corners"].numpy()):
            patch = picture[np.newaxis, top : top + grid.patch, left : left + grid.patch]
            patch = resample(tf.constant(patch), own["sides"][number : number + 1])
            if color == "drop":
                kept, noise = (own[name][number : number + 1] for name in ("kept", "noise"))
                patch = level(drop(patch, kept, noise))
            elif color == "project":
                patch = level(without_mean(project(patch)))
            np.testing.assert_allclose(patches[number], patch[0], atol=1e-5)


def test_each_patch_keeps_a_channel_of_its_own():
    kept = np.stack([Patches(GRIDS[0], "drop").draws(seed)["kept"] for seed in seeds_of(200)])
    assert kept.shape == (200, 9)
    # A third each, within four standard deviations of 1800 draws: 4 * 20.
    assert all(abs((kept == channel).sum() - 600) < 80 for channel in range(3))
    assert (kept[:, 0] == kept[:, 1]).mean() < 0.5  # A patch does not tell its neighbour's.


def test_what_is_drawn_is_all_different():
    """Were two draws of one seed, the kept channel would tell where a patch lies, for example."""
    drawn = stacked([Patches(GRIDS[0], "drop").draws(seed) for seed in seeds_of(300)])
    columns = np.concatenate(
        [
            tf.reshape(drawn[name], [300, -1])[:, :9]
            for name in ("corners", "kept", "noise", "sides")
        ],
        axis=1,
    ).astype(float)
    columns[:, :9] -= columns[:, :9].mean(axis=0)
    correlation = np.corrcoef(columns[:, 9:].T)
    np.fill_diagonal(correlation, 0)
    assert np.abs(correlation).max() < 5 / 300**0.5


@pytest.mark.parametrize("color", COLORS)
@pytest.mark.parametrize(("height", "width"), [(24, 24), (40, 31)])
def test_they_are_the_same_in_every_batch_and_wherever_they_are_made(height, width, color):
    views = views_of(GRIDS[0], color, Flip())
    pictures = tf.constant(pictures_of(4, height, width))
    shape = tf.constant([height, width, 3])
    one_way = [
        views.prepare(picture, views.windows(shape, seed), seed)
        for picture, seed in zip(pictures, seeds_of(4))
    ]
    another = [views.prepare_whole(p, seed) for p, seed in zip(pictures, seeds_of(4))]
    in_the_step = views.make(stacked(another), one_by_one=False)
    for first in (0, 2):
        in_the_pipeline = compiled(views)(stacked(one_way[first : first + 2]))
        np.testing.assert_allclose(in_the_pipeline, in_the_step[first : first + 2], atol=2e-3)
    np.testing.assert_array_equal(views.finish(in_the_step, tf.zeros([1, 2])), in_the_step)


def test_the_view_is_mirrored_before_patches_are_cut_and_so_left_stays_left():
    """Columns count up from the left: those of a patch on the right are higher in every view."""
    columns = np.tile(np.arange(24, dtype=np.uint8) * 10, (24, 1))
    picture = tf.constant(np.stack([columns] * 3, axis=-1))
    views, rising = views_of(Grid(24, 5, 2, 0), "keep", Flip()), []
    for seed in seeds_of(20):
        prepared = views.prepare_whole(picture, seed)
        patches = views.make(stacked([prepared]), one_by_one=False)[0].numpy()
        left, right = patches[4].mean(), patches[5].mean()
        within = patches[0, :, -1].mean() - patches[0, :, 0].mean()
        assert (right > left) == (within > 0)  # As in the view, mirrored or not.
        rising.append(right > left)
    assert 0 < sum(rising) < 20


def test_patches_have_other_draws_than_their_view():
    """Whoever draws by the same seed draws the same numbers: the crop would tell the noise."""
    views, (seed,) = views_of(GRIDS[0], "drop"), seeds_of(1)
    own = views.prepare_whole(tf.zeros([24, 24, 3], tf.uint8), seed)
    of_view = views.patches.draws(seed)
    assert np.abs(own["noise"] - of_view["noise"]).min() > 0


def test_equal_views_are_compiled_once():
    assert compiled(views_of(GRIDS[0], "drop")) is compiled(views_of(GRIDS[0], "drop"))
    assert compiled(views_of(GRIDS[0], "drop")) is not compiled(views_of(GRIDS[0], "keep"))
