"""The patches of a picture that a network learns positions from: drawn by picture, made in batches.

As with PretrainViews, all draws come from the picture's own seed. So its patches are the same in
every batch, and wherever they are made: in the input pipeline or in the training step.
"""

import dataclasses

import tensorflow as tf

from tf_simclr.data.augment.views import Prepared, PretrainViews, Views
from tf_simclr.data.patch_pairs import color
from tf_simclr.data.patch_pairs.grid import PLACES, Grid
from tf_simclr.data.patch_pairs.resampling import draw_sides, resample

CHANNELS = 3


@dataclasses.dataclass(frozen=True)
class Patches:
    """Nine patches of a square picture (arXiv 1505.05192, section 3.1).

    Attributes:
      grid: where they lie.
      color: "drop" keeps one channel of each patch, "project" removes what lies between green and
        magenta; after both, all patches have one brightness and contrast. "keep" does nothing.
    """

    grid: Grid
    color: str

    def draws(self, seed: tf.Tensor) -> Prepared:
        """Draws what the patches of one picture take, by name.

        Args:
          seed: integer [2], the picture's.
        """
        seeds = tf.unstack(tf.random.split(seed, 4))
        count, side = len(PLACES), self.grid.patch
        drawn = {"corners": self.grid.corners(seeds[0]), "sides": draw_sides(seeds[1], count, side)}
        if self.color == "drop":
            kept = tf.random.stateless_uniform([count], seeds[2], maxval=CHANNELS, dtype=tf.int32)
            noise = tf.random.stateless_normal([count, side, side, CHANNELS], seeds[3])
            drawn |= {"kept": kept, "noise": noise}
        return drawn

    def make(self, pictures: tf.Tensor, drawn: Prepared) -> tf.Tensor:
        """Cuts the patches out of each picture, resamples some, and hides colours.

        Args:
          pictures: float32 [batch, side, side, 3] in [0, 1].
          drawn: as `draws` gives them, for each picture.

        Returns:
          float32 [batch, 9, patch, patch, 3], the centre first; about in [0, 1], not clipped.
        """
        cut = self.grid.cut(pictures, drawn["corners"])
        patches = tf.reshape(cut, [-1, *cut.shape[2:]])
        patches = resample(patches, tf.reshape(drawn["sides"], [-1]))
        return tf.reshape(self._hidden(patches, drawn), tf.shape(cut))

    def _hidden(self, patches: tf.Tensor, drawn: Prepared) -> tf.Tensor:
        """Patches [batch * 9, patch, patch, 3] with their colours hidden."""
        if self.color == "keep":
            return patches
        if self.color == "project":
            return color.level(color.without_mean(color.project(patches)))
        kept = tf.reshape(drawn["kept"], [-1])
        noise = tf.reshape(drawn["noise"], tf.shape(patches))
        return color.level(color.drop(patches, kept, noise))


@dataclasses.dataclass(frozen=True)
class PatchViews(Views):
    """The patches of a view: a picture is cropped, mirrored and so on before they are cut out.

    Attributes:
      view: makes the view. It leaves no operation to the training step, where the patches are cut
        out already.
      patches: makes the patches.
    """

    view: PretrainViews
    patches: Patches

    def windows(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws what the view shows of a picture of `shape`: int32 [1, 4]; see PretrainViews."""
        return self.view.windows(shape, seed)

    def prepare(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Prepares one picture [height, width, 3] as PretrainViews does, and draws its patches."""
        return self.view.prepare(picture, windows, seed) | self._draws(seed)

    def prepare_whole(self, picture: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """The same for pictures of one static size, [height, width, 3]; nothing is cut yet."""
        return self.view.prepare_whole(picture, seed) | self._draws(seed)

    def _draws(self, seed: tf.Tensor) -> Prepared:
        # PretrainViews splits and folds this seed, too, with smaller numbers.
        return self.patches.draws(tf.random.fold_in(seed, len(PLACES)))

    def make(self, prepared: Prepared, *, one_by_one: bool) -> tf.Tensor:
        """Makes the patches of a batch: float32 [batch, 9, patch, patch, 3], the centre first.

        Args:
          prepared: of a static batch.
          one_by_one: as in PretrainViews, for the view.
        """
        return self.patches.make(self.view.make(prepared, one_by_one=one_by_one), prepared)

    def finish(self, patches: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Returns the patches [batch, 9, patch, patch, 3]: nothing is drawn for a whole batch."""
        del seeds
        return patches
