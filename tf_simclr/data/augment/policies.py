"""What is done to a picture, in order: views for pretraining, fine-tuning and evaluation.

arXiv 2002.05709, appendix A.
"""

from collections.abc import Callable

import tensorflow as tf

from tf_simclr.data.augment import color
from tf_simclr.data.augment.crop import MIN_AREA, center_crop, random_crop, random_flip

SMALL = 32  # pixels: pictures of this size and less are evaluated whole

# (picture float32 [side, side, 3], seed integer [2]) -> a picture of that shape
Augmentation = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def _unit(image: tf.Tensor) -> tf.Tensor:
    return tf.image.convert_image_dtype(image, tf.float32)


def pretrain_view(
    image: tf.Tensor,
    seed: tf.Tensor,
    *,
    size: int,
    jitter_strength: float,
    min_crop_area: float = MIN_AREA,
    extra: Augmentation | None = None,
) -> tf.Tensor:
    """Crop, flip, colour jitter, grayscale, clip: one view for the contrastive loss.

    Args:
      image: uint8 [height, width, 3], or float in [0, 1].
      seed: integer [2].
      size: side of the view in pixels.
      jitter_strength: 0 leaves colours alone, grayscale included.
      min_crop_area: the smallest share of the picture that a crop covers, in (0, 1].
      extra: one more operation, between flip and colours.

    Returns:
      float32 [size, size, 3] in [0, 1]. Blur is done later, on the device, to a whole batch.
    """
    crop_seed, draw_seed = tf.unstack(tf.random.split(seed, 2))
    draws = tf.random.stateless_uniform([color.DRAWS + 3], draw_seed)
    view = random_crop(_unit(image), size, size, crop_seed, min_area=min_crop_area)
    view = random_flip(view, draws[0])
    if extra is not None:
        view = extra(view, tf.random.fold_in(seed, 2))  # The draws above stay what they are.
    if jitter_strength > 0:
        view = color.distort(view, draws[1:], jitter_strength)
    return _finish(view, size)


def finetune_view(image: tf.Tensor, seed: tf.Tensor, *, size: int) -> tf.Tensor:
    """Crop and flip: the training view with labels, float32 [size, size, 3].

    Arguments and range are those of pretrain_view.
    """
    crop_seed, draw_seed = tf.unstack(tf.random.split(seed, 2))
    view = random_crop(_unit(image), size, size, crop_seed)
    view = random_flip(view, tf.random.stateless_uniform([], draw_seed))
    return _finish(view, size)


def evaluation_view(image: tf.Tensor, *, size: int) -> tf.Tensor:
    """The picture's centre, without chance: float32 [size, size, 3] in [0, 1].

    Above 32 pixels a crop of 7/8 of the shorter side; at 32 and less all of it. There the original
    takes pictures of exactly that size; others are resized here.
    """
    view = _unit(image)
    # Differs from the original: it takes small pictures of exactly that size only.
    view = (
        center_crop(view, size, size)
        if size > SMALL
        else center_crop(view, size, size, proportion=1.0)
    )
    return _finish(view, size)


def _finish(view: tf.Tensor, size: int) -> tf.Tensor:
    return tf.ensure_shape(tf.clip_by_value(view, 0.0, 1.0), [size, size, 3])
