"""Crops and flips: the geometric part of a view (arXiv 2002.05709, appendix A)."""

import tensorflow as tf

MIN_AREA = 0.08  # the smallest share of the picture that a random crop covers
ASPECT = (3 / 4, 4 / 3)  # width / height of a random crop, times that of the target
MIN_OBJECT_COVERED = 0.1
ATTEMPTS = 100
CENTRE_PROPORTION = 0.875  # of the evaluation crop, as in the original


def resize(image: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """Bicubic resize of float [..., h, w, 3] by TF2's kernel (Keys, a = -0.5), not clipped."""
    return tf.image.resize(image, [height, width], method=tf.image.ResizeMethod.BICUBIC)


def random_window(
    shape: tf.Tensor, seed: tf.Tensor, *, aspect_ratio: float = 1.0, min_area: float = MIN_AREA
) -> tf.Tensor:
    """Draws the window of a random crop: int32 [4] = (top, left, height, width).

    Args:
      shape: int32 [3], the picture's (height, width, channels).
      seed: integer [2].
      aspect_ratio: width / height of the target.
      min_area: the smallest share of the picture that the window covers, in (0, 1].
    """
    begin, size, _ = tf.image.stateless_sample_distorted_bounding_box(
        shape,
        bounding_boxes=tf.constant([[[0.0, 0.0, 1.0, 1.0]]]),
        seed=seed,
        min_object_covered=MIN_OBJECT_COVERED,
        aspect_ratio_range=[bound * aspect_ratio for bound in ASPECT],
        area_range=[min_area, 1.0],
        max_attempts=ATTEMPTS,
        use_image_if_no_bounding_boxes=True,
    )
    return tf.concat([begin[:2], size[:2]], axis=0)


def crop_and_resize(image: tf.Tensor, window: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The `window` (top, left, height, width) of an image, resized to [height, width, 3]."""
    top, left, window_height, window_width = tf.unstack(window)
    cropped = tf.image.crop_to_bounding_box(image, top, left, window_height, window_width)
    return resize(cropped, height, width)


def random_crop(
    image: tf.Tensor, height: int, width: int, seed: tf.Tensor, *, min_area: float = MIN_AREA
) -> tf.Tensor:
    """A random window of `image`, resized to [height, width, 3]; values may leave [0, 1]."""
    window = random_window(tf.shape(image), seed, aspect_ratio=width / height, min_area=min_area)
    return crop_and_resize(image, window, height, width)


def center_window(shape: tf.Tensor, height: int, width: int, proportion: float) -> tf.Tensor:
    """The largest centred window of the target's aspect ratio, times `proportion`.

    Args:
      shape: int32 [3], the picture's (height, width, channels).
      height: of the target, in pixels.
      width: of the target, in pixels.
      proportion: of the window's side, in (0, 1].

    Returns:
      int32 [4] = (top, left, height, width).
    """
    aspect_ratio = width / height
    full_height = tf.cast(shape[0], tf.float32)
    full_width = tf.cast(shape[1], tf.float32)
    wide = aspect_ratio > full_width / full_height  # The width is what limits the window.
    # The original's order of operations: another one rounds some halves the other way.
    if_wide = tf.stack([proportion / aspect_ratio * full_width, proportion * full_width])
    if_tall = tf.stack([proportion * full_height, proportion * aspect_ratio * full_height])
    size = tf.cast(tf.math.rint(tf.where(wide, if_wide, if_tall)), tf.int32)
    size = tf.clip_by_value(size, 1, shape[:2])
    begin = (shape[:2] - size + 1) // 2
    return tf.concat([begin, size], axis=0)


def center_crop(
    image: tf.Tensor, height: int, width: int, *, proportion: float = CENTRE_PROPORTION
) -> tf.Tensor:
    """The centre of `image` float [h, w, 3], resized to [height, width, 3]; not clipped."""
    window = center_window(tf.shape(image), height, width, proportion)
    return crop_and_resize(image, window, height, width)


def random_flip(image: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
    """Mirrors `image` left to right where the scalar `draw` in [0, 1) is below one half."""
    return tf.where(draw < 0.5, tf.reverse(image, axis=[-2]), image)
