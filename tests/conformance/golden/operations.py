"""Recorded augmentations: which call of ours each stands for."""

import tensorflow as tf

from tf_simclr.data.augment import blur, color, crop, gray, policies
from tf_simclr.data.augment.operation import to_images, to_planes

ORDER_LETTERS = "bcsh"  # brightness, contrast, saturation, hue: color's order of operations


def _clip(image):
    return tf.clip_by_value(image, 0.0, 1.0)


def _colour(act, image, *arguments):
    """act(planes, *arguments) of one picture [height, width, 3], each argument a batch of one."""
    planes = act(to_planes(image[tf.newaxis]), *(tf.constant([each]) for each in arguments))
    return to_images(planes, *image.shape[:2])[0]


def _jitter(image, record):
    factors = [record[name] for name in ("brightness", "contrast", "saturation", "hue")]
    order = [ORDER_LETTERS.index(letter) for letter in record["order"]]
    return _colour(color.jitter_in_order, image, factors, order)


def _blur(image, record):
    sigma, size = tf.constant(record["sigma"]), record["kernel_size_argument"]
    return blur.gaussian_blur(image[tf.newaxis], sigma, kernel_size=size)[0]


def center_window(image, record):
    """(top, left, height, width) of the evaluation crop."""
    shape = tf.shape(image)
    return crop.center_window(shape, record["height"], record["width"], crop.CENTRE_PROPORTION)


def given_window(record):
    """(top, left, height, width) of a record."""
    names = ("offset_y", "offset_x", "crop_height", "crop_width")
    return tf.constant([record[name] for name in names])


def _evaluation(image, record):
    height, width = record["height"], record["width"]
    if height == width > policies.SMALL:
        return policies.evaluation_view(image, size=height)
    # Our views are square, and up to 32 pixels the whole picture is taken.
    return _clip(crop.center_crop(image, height, width))


def _tf1(image, window, record):
    """Our window; the resize is TensorFlow 1's, which we do not have: here it is TF2's bicubic."""
    top, left, height, width = tf.unstack(window)
    cropped = tf.image.crop_to_bounding_box(image, top, left, height, width)
    size = [record["height"], record["width"]]
    return tf.compat.v1.image.resize_bicubic(cropped[tf.newaxis], size)[0]


OPERATIONS = {
    "to_grayscale": lambda image, r: _colour(gray.grayscale, image),
    "brightness_v1": lambda image, r: _clip(
        _colour(color.additive_brightness, image, [r["delta"]])
    ),
    "brightness_v2": lambda image, r: _clip(_colour(color.brightness, image, [r["factor"]])),
    "contrast": lambda image, r: _clip(_colour(color.contrast, image, [r["factor"]])),
    "saturation": lambda image, r: _clip(_colour(color.saturation, image, [r["factor"]])),
    "hue": lambda image, r: _clip(_colour(color.hue, image, [r["delta"]])),
    "color_jitter_fixed": _jitter,
    "gaussian_blur": _blur,
    "center_crop": lambda image, r: crop.center_crop(image, r["height"], r["width"]),
    "preprocess_for_eval": _evaluation,
    "crop_and_resize": lambda image, r: crop.crop_and_resize(
        image, given_window(r), r["height"], r["width"]
    ),
    "center_crop with the TF1 bicubic": lambda image, r: _tf1(image, center_window(image, r), r),
    "crop_and_resize with the TF1 bicubic": lambda image, r: _tf1(image, given_window(r), r),
}


def apply(record: dict, arrays: dict) -> tf.Tensor:
    """What ours gives for one record of meta.ops."""
    if record["op"] == "convert_image_dtype":
        # At its own size a small picture goes through the evaluation view unchanged.
        pixels = arrays[record["key"].replace("_float", "_u8")]
        return policies.evaluation_view(pixels, size=pixels.shape[0])
    if record["op"] == "batch_random_blur":
        start = record["key"].removesuffix("output")
        gate = arrays[f"{start}uniforms"] < blur.PROBABILITY
        return _clip(
            blur.Blur().act(arrays[f"{start}images"], (gate, tf.constant(record["sigma"])))
        )
    image = tf.constant(arrays[f"image_{record['image']}"])
    return OPERATIONS[record["op"]](image, record)
