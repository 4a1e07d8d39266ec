"""The views of a picture that networks are trained on: drawn picture by picture, made in batches.

All draws come from the picture's own seed, so its views are the same in every batch, and wherever
they are made: in the input pipeline, or inside the training step. The blur is drawn for a whole
batch, so it runs in the training step, with all operations that come after it.
"""

import abc
import dataclasses
import functools
import itertools
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from tf_simclr import host_xla
from tf_simclr.data.augment.crop import Crop, crop_and_resize, crop_and_resize_batch
from tf_simclr.data.augment.operation import Operation, act_in_turn

PAIR = 2  # views of a picture for the contrastive loss; seeds are drawn for as many
# Pixels: up to this side two matrix products for a batch cost a CPU no more than a resize of four
# taps for each picture.
DENSE_SIDE = 32
LEVELS = 255.0  # of uint8

# A batch before its operations: "draws" float32 [batch, num_draws, views], and either
#   "crops" float32 [batch, views, size, size, 3] in levels of 0 to 255, or
#   "pictures" uint8 [batch, h, w, 3] with "windows" int32 [batch, views, 4]
Prepared = dict[str, tf.Tensor]


class View(NamedTuple):
    """The operations of a view, in the order in which they act.

    Attributes:
      crop: the first.
      by_picture: those whose numbers are drawn for each picture.
      in_the_step: the rest, which the training step draws for a whole batch.
    """

    crop: Crop
    by_picture: tuple[Operation, ...]
    in_the_step: tuple[Operation, ...]

    @classmethod
    def of(cls, crop: Crop, *operations: Operation) -> "View":
        """The view of these operations; `in_the_step` begins at the first that must run there."""
        by_picture = tuple(itertools.takewhile(lambda each: not each.in_the_step, operations))
        return cls(crop, by_picture, operations[len(by_picture) :])


class Views(abc.ABC):
    """What pipeline and training step need to make what a network sees. Equal ones are the same.

    A picture is prepared by itself, by draws from its own seed; the rest is done for a batch.
    """

    @abc.abstractmethod
    def windows(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws which parts of a picture of `shape`, int32 [3], are seen: int32 [views, 4]."""

    @abc.abstractmethod
    def prepare(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Cuts the windows out of one picture [height, width, 3], and draws the rest."""

    @abc.abstractmethod
    def prepare_whole(self, picture: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Draws everything and cuts nothing, for pictures [height, width, 3] of one static size."""

    @abc.abstractmethod
    def make(self, prepared: Prepared, *, one_by_one: bool) -> tf.Tensor:
        """Makes a batch, [batch, ...], as far as the input pipeline can."""

    @abc.abstractmethod
    def finish(self, images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Finishes a batch [batch, ...] in the step, by integer seeds [views, 2]."""


@dataclasses.dataclass(frozen=True)
class PretrainViews(Views):
    """Views to pretrain on: two for the contrastive loss, each by operations of its own, or one.

    arXiv 2002.05709, appendix A: crop, flip, colour jitter, grayscale, blur.

    Attributes:
      size: side of a view in pixels.
      each: the first view, and the second if there is one.
    """

    size: int
    each: tuple[View, ...]

    @property
    def num_draws(self) -> int:
        """How many uniform numbers a view gets; one of two may need fewer."""
        return max(sum(each.count(self.size) for each in view.by_picture) for view in self.each)

    def windows(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws what each view shows: int32 [views, 4] = (top, left, height, width).

        Args:
          shape: int32 [3], the picture's.
          seed: integer [2], the picture's.
        """
        seeds = tf.unstack(tf.random.split(seed, PAIR))
        return tf.stack([view.crop.window(shape, own) for view, own in zip(self.each, seeds)])

    def draws(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws what the other operations take: float32 [num_draws, views] uniform in [0, 1).

        Each view has a column, so that one more operation changes no draw of those before it.
        """
        # Not the seed itself: the windows' seeds are split from it.
        shape = [self.num_draws, len(self.each)]
        return tf.random.stateless_uniform(shape, tf.random.fold_in(seed, PAIR))

    def prepare(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Cuts the windows out of one picture of any size, and draws the rest.

        Args:
          picture: uint8 [height, width, 3].
          windows: int32 [views, 4].
          seed: integer [2].
        """
        crops = [
            crop_and_resize(picture, window, self.size, self.size) for window in tf.unstack(windows)
        ]
        return {"crops": tf.stack(crops), "draws": self.draws(seed)}

    def prepare_whole(self, picture: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Draws everything and cuts nothing: for pictures of one static size.

        Args:
          picture: uint8 [height, width, 3].
          seed: integer [2].
        """
        windows = self.windows(tf.shape(picture), seed)
        return {"pictures": picture, "windows": windows, "draws": self.draws(seed)}

    def make(self, prepared: Prepared, *, one_by_one: bool) -> tf.Tensor:
        """Makes the views of a batch, up to the operations that the training step draws.

        Args:
          prepared: of a static batch.
          one_by_one: whether pictures are made one at a time, each with only its own operations:
            for a CPU, under XLA. Accelerators compute all operations for all pictures and select.

        Returns:
          float32 [batch, size, size, 3 * views] in [0, 1].
        """
        crops = prepared.get("crops")
        if crops is None:
            pictures = prepared["pictures"]
            crops = crop_and_resize_batch(pictures, prepared["windows"], self.size, self.size)
        # Views that are made alike are made in one loop, which XLA compiles once.
        kinds = tuple(dict.fromkeys(view.by_picture for view in self.each))
        draws = tf.transpose(
            prepared["draws"], [0, 2, 1]
        )  # [batch, views, num_draws], as the crops
        parts = zip(*(tf.split(each, len(kinds), axis=1) for each in (crops, draws)))
        made = [_made(kind, *part, one_by_one=one_by_one) for kind, part in zip(kinds, parts)]
        return tf.concat(tf.unstack(tf.concat(made, axis=1), num=len(self.each), axis=1), axis=-1)

    def finish(self, images: tf.Tensor, seeds: tf.Tensor) -> tf.Tensor:
        """Splits the views, and applies the operations that are drawn for a whole batch.

        Args:
          images: float32 [batch, size, size, 3 * views] in [0, 1], as `make` gives them.
          seeds: integer [views, 2], one for each view.

        Returns:
          float32 [views * batch, size, size, 3] in [0, 1], the first views before the second ones.
        """
        batch, finished = tf.shape(images)[0], []
        parts = tf.split(images, len(self.each), axis=-1)
        for view, part, seed in zip(self.each, parts, tf.unstack(seeds)):
            drawn = [
                each.draw(tf.random.fold_in(seed, place), batch, self.size)
                for place, each in enumerate(view.in_the_step)
            ]
            made = act_in_turn(view.in_the_step, part, drawn)
            finished.append(tf.clip_by_value(made, 0.0, 1.0) if drawn else part)
        return tf.concat(finished, axis=0)


@functools.cache
def compiled(views: Views) -> Callable[[Prepared], tf.Tensor]:
    """`views.make`, one by one, compiled by XLA, which fuses all work on a pixel into one loop.

    If XLA cannot compile for the CPU, it is a plain function: the same views up to rounding, but
    slower. Equal views share one function, so that it is compiled once for each shape.
    """
    return tf.function(
        lambda batch: views.make(batch, one_by_one=True),
        autograph=False,
        jit_compile=host_xla.compiles(),
    )


def _made(
    operations: tuple[Operation, ...], crops: tf.Tensor, draws: tf.Tensor, *, one_by_one: bool
) -> tf.Tensor:
    """Crops [batch, views, size, size, 3] and draws [batch, views, numbers] -> finished crops."""
    counts = [operation.count(crops.shape[2]) for operation in operations]
    ends = list(itertools.accumulate(counts))

    def act(images: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        drawn = [numbers[:, end - count : end] for count, end in zip(counts, ends)]
        return tf.clip_by_value(act_in_turn(operations, images / LEVELS, drawn), 0.0, 1.0)

    every = crops.shape[0] * crops.shape[1]
    parts = [tf.reshape(part, [every, *part.shape[2:]]) for part in (crops, draws)]
    return tf.reshape(_one_by_one(act, *parts) if one_by_one else act(*parts), crops.shape)


def _one_by_one(
    act: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], images: tf.Tensor, draws: tf.Tensor
) -> tf.Tensor:
    """act(images[i : i + 1], draws[i : i + 1]) for each i, stacked; of a static batch."""
    count = images.shape[0]

    def step(place: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        one = act(tf.gather(images, [place]), tf.gather(draws, [place]))
        return place + 1, tf.tensor_scatter_nd_update(done, [[place]], one)

    return tf.while_loop(lambda place, _: place < count, step, (0, tf.zeros_like(images)))[1]
