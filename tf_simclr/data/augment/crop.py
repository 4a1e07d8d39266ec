"""Crops, resized by bicubic interpolation (arXiv 2002.05709, appendix A)."""

import dataclasses

import tensorflow as tf

MIN_AREA = 0.08  # the smallest share of the picture that a random crop covers
ASPECT = (3 / 4, 4 / 3)  # width / height of a random crop, times that of the target
MIN_OBJECT_COVERED = 0.1
ATTEMPTS = 100
KERNEL_TABLE = 1024  # entries per pixel of the table from which TF2's `resize` reads its kernel
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
    # Of (top, left, 0, height, width, -1).
    return tf.gather(tf.concat([begin, size], axis=0), [0, 1, 3, 4])


def crop_and_resize(image: tf.Tensor, window: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The `window` (top, left, height, width) of an image, resized to [height, width, 3]."""
    begin = tf.concat([window[:2], [0]], axis=0)
    size = tf.concat([window[2:], [-1]], axis=0)
    resized = resize(tf.slice(image, begin, size), height, width)
    return tf.ensure_shape(resized, [height, width, image.shape[-1]])


def cubic_weights(begin: tf.Tensor, size: tf.Tensor, length: int, target: int) -> tf.Tensor:
    """Bicubic resizing along an axis as a product: float32 [batch, target, length].

    Row i holds the four taps of output pixel i: Keys' kernel with a = -0.5 at the pixel's centre.
    Taps outside of the window are left out, and the rest are scaled to sum to 1. It equals TF2's
    `resize` of the cropped picture, including its rounding of positions.

    Args:
      begin: int32 [batch], where the window begins.
      size: int32 [batch], how many pixels it takes, >= 1.
      length: of the axis, in pixels.
      target: pixels to resize the window to.
    """
    scale = tf.cast(size, tf.float32)[:, tf.newaxis] / target
    centres = (tf.range(target, dtype=tf.float32) + 0.5) * scale - 0.5  # [batch, target]
    whole = tf.floor(centres)
    fraction = tf.round((centres - whole) * KERNEL_TABLE) / KERNEL_TABLE
    places = tf.range(length, dtype=tf.float32) - tf.cast(begin, tf.float32)[:, tf.newaxis]
    inside = (places >= 0) & (places < tf.cast(size, tf.float32)[:, tf.newaxis])  # [batch, length]
    distances = places[:, tf.newaxis] - (whole + fraction)[..., tf.newaxis]
    weights = tf.where(inside[:, tf.newaxis], keys_cubic(distances), 0.0)
    return weights / tf.reduce_sum(weights, axis=-1, keepdims=True)


def keys_cubic(x: tf.Tensor) -> tf.Tensor:
    """Keys' interpolation kernel with a = -0.5 (IEEE ASSP 29, 1981, equation 15), of any shape."""
    x = tf.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return tf.where(x <= 1.0, near, tf.where(x < 2.0, far, 0.0))


def crop_and_resize_batch(
    images: tf.Tensor, windows: tf.Tensor, height: int, width: int
) -> tf.Tensor:
    """`crop_and_resize` of pictures of one size, each by its own window, as two matrix products.

    Args:
      images: [batch, h, w, 3] of any real type and a static h and w.
      windows: int32 [batch, crops, 4] = (top, left, height, width).
      height: of the target, in pixels.
      width: of the target, in pixels.

    Returns:
      float32 [batch, crops, height, width, 3].
    """
    h, w = images.shape[1:3]
    crops = windows.shape[1]
    top, left, window_height, window_width = tf.unstack(tf.reshape(windows, [-1, 4]), axis=-1)
    rows = cubic_weights(top, window_height, h, height)  # [batch * crops, height, h]
    columns = cubic_weights(left, window_width, w, width)
    pixels = tf.reshape(tf.cast(images, tf.float32), [-1, 1, h, w * 3])
    resized = tf.matmul(tf.reshape(rows, [-1, crops, height, h]), pixels)
    turned = tf.transpose(tf.reshape(resized, [-1, height, w, 3]), [0, 2, 1, 3])
    resized = tf.matmul(columns, tf.reshape(turned, [-1, w, height * 3]))
    resized = tf.transpose(tf.reshape(resized, [-1, width, height, 3]), [0, 2, 1, 3])
    return tf.reshape(resized, [-1, crops, height, width, 3])


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


@dataclasses.dataclass(frozen=True)
class Crop:
    """A random window: the first operation of every view, the only one on the whole picture.

    Attributes:
      min_crop_area: the smallest share of the picture that a crop covers, in (0, 1].
    """

    min_crop_area: float = MIN_AREA

    def window(self, shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Draws the window of a view, int32 [4], for a picture of `shape`, by a seed [2]."""
        return random_window(shape, seed, min_area=self.min_crop_area)


OPERATION = Crop
