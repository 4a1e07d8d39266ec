"""The views of a picture that networks are trained on: drawn picture by picture, made by the batch.

What is drawn comes from the picture's own seed, so its views are the same whatever batch it is in,
and wherever they are made: in the input pipeline, or inside the training step.
"""

import dataclasses
import functools
from collections.abc import Callable

import tensorflow as tf

from tf_simclr import host_xla
from tf_simclr.data.augment import color
from tf_simclr.data.augment.crop import (
    MIN_AREA,
    crop_and_resize,
    crop_and_resize_batch,
    random_flip,
    random_window,
)

# (images float [batch, side, side, 3], draws float32 [batch, EXTRA_DRAWS]) -> images of that shape
Extra = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
EXTRA_DRAWS = 2
DRAWS = 1 + EXTRA_DRAWS + color.DRAWS  # uniform numbers for a view: flip, extra, colours
PAIR = 2  # views of a picture for the contrastive loss
# Pixels: up to this side two matrix products cost a CPU no more than a resize of four taps and the
# calls for it, picture by picture.
DENSE_SIDE = 32
LEVELS = 255.0  # of uint8

# What is ready of a batch: "draws" float32 [batch, 2, DRAWS], and either
#   "crops" float32 [batch, 2, size, size, 3] in levels of 0 to 255, or
#   "pictures" uint8 [batch, h, w, 3] with "windows" int32 [batch, 2, 4]
Prepared = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class PretrainViews:
    """Two views for the contrastive loss: crop, flip, colour jitter, grayscale, clip.

    arXiv 2002.05709, appendix A. Blur comes later, on the device, to a whole batch.

    Attributes:
      size: side of a view in pixels.
      jitter_strength: 0 leaves colours alone, grayscale included.
      min_crop_area: the smallest share of the picture that a crop covers, in (0, 1].
      extra: one more operation, between flip and colours.
    """

    size: int
    jitter_strength: float
    min_crop_area: float = MIN_AREA
    extra: Extra | None = None

    def windows(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws what each view shows: int32 [2, 4] = (top, left, height, width).

        Args:
          shape: int32 [3], the picture's.
          seed: integer [2], the picture's.
        """
        seeds = tf.unstack(tf.random.split(seed, PAIR))
        return tf.stack([random_window(shape, s, min_area=self.min_crop_area) for s in seeds])

    def draws(self, seed: tf.Tensor) -> tf.Tensor:
        """Draws all that is not the window: float32 [2, DRAWS] uniform in [0, 1)."""
        # Another seed than that which the windows' own are split from.
        return tf.random.stateless_uniform([PAIR, DRAWS], tf.random.fold_in(seed, PAIR))

    def prepare(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> Prepared:
        """Cuts both windows out of one picture of any size, and draws the rest.

        Args:
          picture: uint8 [height, width, 3].
          windows: int32 [2, 4].
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
        """Makes both views of a batch: float32 [batch, size, size, 6] in [0, 1].

        Args:
          prepared: of a static batch.
          one_by_one: whether pictures take turns, each with only the operations that are its own:
            for a CPU, under XLA. Accelerators select among all operations for all at once.
        """
        crops = prepared.get("crops")
        if crops is None:
            pictures = prepared["pictures"]
            crops = crop_and_resize_batch(pictures, prepared["windows"], self.size, self.size)
        shape = [self.size, self.size, 3]
        crops = tf.reshape(crops, [-1, *shape])  # [2 * batch, size, size, 3], views take turns
        draws = tf.reshape(prepared["draws"], [-1, DRAWS])
        views = (
            _one_by_one(self.distort, crops, draws) if one_by_one else self.distort(crops, draws)
        )
        first, second = tf.unstack(tf.reshape(views, [-1, PAIR, *shape]), axis=1)
        return tf.concat([first, second], axis=-1)

    def distort(self, crops: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """Flips and colours: float32 [batch, size, size, 3] in [0, 1].

        Args:
          crops: float32 [batch, size, size, 3] in levels of 0 to 255, which resizing may have left.
          draws: float32 [batch, DRAWS] uniform in [0, 1).
        """
        flip, extra, colours = tf.split(draws, [1, EXTRA_DRAWS, color.DRAWS], axis=1)
        images = random_flip(crops / LEVELS, flip[:, 0])
        if self.extra is not None:
            images = self.extra(images, extra)
        if self.jitter_strength > 0:
            planes = color.distort(color.to_planes(images), colours, self.jitter_strength)
            images = color.to_images(planes, self.size, self.size)
        return tf.clip_by_value(images, 0.0, 1.0)


@functools.cache
def compiled(views: PretrainViews) -> Callable[[Prepared], tf.Tensor]:
    """`views.make`, one by one, by XLA: one loop over the pixels for each operation's dozen.

    Where XLA has no CPU it is a plain function: the same views up to rounding, more slowly. The
    same function for equal views, so that it is compiled once for each shape.
    """
    return tf.function(
        lambda batch: views.make(batch, one_by_one=True),
        autograph=False,
        jit_compile=host_xla.compiles(),
    )


def _one_by_one(
    act: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], images: tf.Tensor, draws: tf.Tensor
) -> tf.Tensor:
    """act(images[i : i + 1], draws[i : i + 1]) for each i, stacked; of a static batch."""
    count = images.shape[0]

    def step(place: tf.Tensor, done: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        one = act(tf.gather(images, [place]), tf.gather(draws, [place]))
        return place + 1, tf.tensor_scatter_nd_update(done, [[place]], one)

    return tf.while_loop(lambda place, _: place < count, step, (0, tf.zeros_like(images)))[1]
