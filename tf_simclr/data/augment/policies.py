"""Views of one picture with its label: for fine-tuning, and for evaluation (arXiv 2002.05709)."""

import dataclasses

import tensorflow as tf

from tf_simclr.data.augment import crop
from tf_simclr.data.augment.crop import MIN_AREA, crop_and_resize, random_window
from tf_simclr.data.augment.flip import Flip

SMALL = 32  # pixels: pictures of this size and less are evaluated whole


def _unit(image: tf.Tensor) -> tf.Tensor:
    return tf.image.convert_image_dtype(image, tf.float32)


@dataclasses.dataclass(frozen=True)
class FinetuneView:
    """Crop and flip: the training view with labels.

    Attributes:
      size: side of the view in pixels.
      min_crop_area: the smallest share of the picture that a crop covers, in (0, 1].
    """

    size: int
    min_crop_area: float = MIN_AREA

    def windows(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws what the view shows of a picture of `shape`: int32 [1, 4]; see PretrainViews."""
        window = random_window(shape, _seeds(seed)[0], min_area=self.min_crop_area)
        return window[tf.newaxis]

    def make(self, picture: tf.Tensor, windows: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Cuts and flips: float32 [size, size, 3] in [0, 1].

        Args:
          picture: uint8 [height, width, 3], or float in [0, 1].
          windows: int32 [1, 4].
          seed: integer [2].
        """
        view = crop_and_resize(_unit(picture), windows[0], self.size, self.size)
        view = Flip().act(view[tf.newaxis], Flip().draw(_seeds(seed)[1], 1, self.size))[0]
        return _finish(view, self.size)


def evaluation_view(image: tf.Tensor, *, size: int, share: float = 0) -> tf.Tensor:
    """The picture's centre, without randomness: float32 [size, size, 3] in [0, 1].

    Args:
      image: uint8 [height, width, 3], or float in [0, 1].
      size: side of the view, in pixels.
      share: of the shorter side that is shown, in [0, 1]; 0 is 7/8 above 32 pixels, and all of
        it at 32 and less.
    """
    # Differs from the original, which takes small pictures of exactly that size only.
    share = share or (crop.CENTRE_PROPORTION if size > SMALL else 1.0)
    return _finish(crop.center_crop(_unit(image), size, size, proportion=share), size)


def _seeds(seed: tf.Tensor) -> list[tf.Tensor]:
    return tf.unstack(tf.random.split(seed, 2))


def _finish(view: tf.Tensor, size: int) -> tf.Tensor:
    return tf.ensure_shape(tf.clip_by_value(view, 0.0, 1.0), [size, size, 3])
