"""Pretraining views, ours and a straightforward tf.data version: pictures per CPU-second.

    python -m benchmarks.augmentation

Each picture gives two views. The straightforward version has the original's order of operations,
picture by picture, with tf.image in Dataset.map: distorted bounding box, bicubic resize, flip, four
colour operations in random order with a clip after each, grayscale, clip. Ours is that of the input
pipeline, on pictures of one size (matrix products up to 32 pixels, else TensorFlow's resize) and on
JPEGs. Of these, the straightforward version decodes the whole picture, and ours only the rectangle
that both views need. CPU time is that of the process, with one thread for operations. The versions
take turns, and a number is the median of ROUNDS. The last columns say where ours spends its time.
The second table is for the blur in the training step, as ratios of time.
"""

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from absl import app

from tf_simclr.data import decoding
from tf_simclr.data.augment.blur import KERNEL_SHARE, gaussian_blur
from tf_simclr.data.augment.color import Color
from tf_simclr.data.augment.crop import Crop
from tf_simclr.data.augment.flip import Flip
from tf_simclr.data.augment.gray import Gray
from tf_simclr.data.augment.views import DENSE_SIDE, PretrainViews, View, compiled
from tf_simclr.data.pipeline import TOGETHER

ROUNDS, WARM_UP = 5, 2
# Side of the pictures, side of the views, pictures in a round.
CASES = ((32, 32, 4096), (64, 64, 1024), (400, 224, 128))
PICTURES = 8


def unfused_view(picture, size, seed):
    """One view as in the paper's appendix, with tf.image."""
    seeds = tf.unstack(tf.random.split(seed, 9))
    begin, extent, _ = tf.image.stateless_sample_distorted_bounding_box(
        tf.shape(picture),
        [[[0.0, 0.0, 1.0, 1.0]]],
        seeds[0],
        min_object_covered=0.1,
        aspect_ratio_range=[3 / 4, 4 / 3],
        area_range=[0.08, 1.0],
        max_attempts=100,
        use_image_if_no_bounding_boxes=True,
    )
    view = tf.image.convert_image_dtype(picture, tf.float32)
    view = tf.image.crop_to_bounding_box(view, begin[0], begin[1], extent[0], extent[1])
    view = tf.image.resize(view, [size, size], "bicubic")
    view = tf.image.stateless_random_flip_left_right(view, seeds[1])

    def uniform(number, low=0.0, high=1.0):
        return tf.random.stateless_uniform([], seeds[number], low, high)

    operations = [
        lambda x: x * uniform(2, 0.2, 1.8),
        lambda x: tf.image.stateless_random_contrast(x, 0.2, 1.8, seeds[3]),
        lambda x: tf.image.stateless_random_saturation(x, 0.2, 1.8, seeds[4]),
        lambda x: tf.image.stateless_random_hue(x, 0.2, seeds[5]),
    ]
    order = tf.argsort(tf.random.stateless_uniform([4], seeds[6]))

    def jitter():
        jittered = view
        for place in range(4):
            outcomes = [lambda act=act, x=jittered: act(x) for act in operations]
            jittered = tf.clip_by_value(tf.switch_case(order[place], outcomes), 0.0, 1.0)
        return jittered

    view = tf.cond(uniform(7) < 0.8, jitter, lambda: view)
    gray = lambda: tf.image.grayscale_to_rgb(tf.image.rgb_to_grayscale(view))  # noqa: E731
    view = tf.cond(uniform(8) < 0.2, gray, lambda: view)
    return tf.clip_by_value(view, 0.0, 1.0)


def numbered(items):
    """Endless (number, item), cycling through the items."""
    pictures = tf.data.Dataset.from_tensor_slices(items).repeat()
    return tf.data.Dataset.zip((tf.data.Dataset.range(2**40), pictures))


def seed_of(number):
    """The seed of the picture with this number."""
    return tf.stack([tf.constant(0, tf.int64), number])


def straightforward(items, decode, size, batch):
    """Batches by `unfused_view`."""

    def example(number, item):
        picture = decode(item)
        seeds = tf.unstack(tf.random.split(seed_of(number), 2))
        return tf.concat([unfused_view(picture, size, seed) for seed in seeds], axis=-1)

    return numbered(items).map(example).batch(batch, drop_remainder=True)


def prepared(items, decode_windows, views, batch, shape):
    """The package's work on each picture, in batches."""

    def example(number, item):
        seed = seed_of(number)
        if shape is not None and max(shape) <= DENSE_SIDE:
            return views.prepare_whole(tf.ensure_shape(item, shape), seed)
        picture, windows = decode_windows(item, lambda s: views.windows(s, seed))
        return views.prepare(picture, windows, seed)

    return numbered(items).map(example).batch(batch, drop_remainder=True)


def made(data, views):
    """The package's work on a batch."""
    return data.map(compiled(views))


def cpu_seconds_per_picture(datasets, batch, pictures):
    """Name -> median CPU seconds for a picture; the data sets take turns."""
    options = tf.data.Options()
    options.autotune.enabled = False  # Else it would prefetch in the others' time.
    iterators = {name: iter(data.with_options(options)) for name, data in datasets.items()}
    taken: dict[str, list[float]] = {name: [] for name in datasets}
    for round_number in range(WARM_UP + ROUNDS):
        for name, iterator in iterators.items():
            start = time.process_time()
            for _ in range(max(1, pictures // batch)):
                next(iterator)
            if round_number >= WARM_UP:
                taken[name].append((time.process_time() - start) / pictures)
    return {name: statistics.median(values) for name, values in taken.items()}


def measure(title, items, decode, decode_windows, case, shape):
    """Prints one row of each table."""
    _, size, pictures = case
    batch = TOGETHER
    views = PretrainViews(size, (View.of(Crop(), Flip(), Color(), Gray()),) * 2)
    half = prepared(items, decode_windows, views, batch, shape)
    times = cpu_seconds_per_picture(
        {
            "read": numbered(items).batch(batch),
            "half": half,
            "ours": made(half, views),
            "theirs": straightforward(items, decode, size, batch),
        },
        batch,
        pictures,
    )
    print(
        f"| {title} | {1 / times['theirs']:.0f} | {1 / times['ours']:.0f}"
        f" | {times['theirs'] / times['ours']:.2f} | {1e6 * times['read']:.0f}"
        f" | {1e6 * (times['half'] - times['read']):.0f}"
        f" | {1e6 * (times['ours'] - times['half']):.0f} |",
        flush=True,
    )


def main(argv):
    """Prints both tables."""
    del argv
    # One thread: others would spend CPU time waiting for work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(f"TensorFlow {tf.__version__}, {os.cpu_count()} cores, medians of {ROUNDS} rounds.\n")
    print(
        "| pictures and views | straightforward, pictures / CPU-s | ours | ratio | of ours, in us:"
        " read | crops and draws | colours, by the batch |"
    )
    print("|---|---|---|---|---|---|---|")
    random = np.random.default_rng(0)
    for case in CASES:
        side, size = case[:2]
        coarse = random.integers(0, 256, (PICTURES, side // 4, side // 4, 3))
        smooth = tf.image.resize(coarse, [side, side], "bicubic")
        pictures = tf.saturate_cast(smooth, tf.uint8)
        keep = lambda picture: picture  # noqa: E731
        both = lambda picture, windows: (picture, windows(tf.shape(picture)))  # noqa: E731
        shape = (side, side, 3)
        measure(f"{side} to {size} pixels", pictures, keep, both, case, shape)
    jpegs = tf.map_fn(tf.io.encode_jpeg, pictures, fn_output_signature=tf.string)
    measure(
        f"JPEG of {side} to {size} pixels",
        jpegs,
        decoding.decode_picture,
        decoding.decode_picture_windows,
        case,
        None,
    )
    blurs()


def depthwise_blur(images, sigma, kernel_size):
    """The usual blur by one sigma: two depthwise convolutions."""
    radius = kernel_size // 2
    offsets = tf.range(-radius, radius + 1, dtype=tf.float32)
    kernel = tf.exp(-tf.square(offsets) / (2 * tf.square(sigma)))
    kernel = tf.tile((kernel / tf.reduce_sum(kernel))[:, None, None, None], [1, 1, 3, 1])
    for turned in (kernel, tf.transpose(kernel, [1, 0, 2, 3])):
        images = tf.nn.depthwise_conv2d(images, turned, [1, 1, 1, 1], "SAME")
    return images


def seconds_of_blurs(size, batch):
    """Median seconds of a batch: depthwise, ours with one sigma, ours with one for each image."""
    images = tf.random.stateless_uniform([batch, size, size, 3], [0, 0])
    one, each = tf.constant(1.3), tf.linspace(0.1, 2.0, batch)
    cases = [(depthwise_blur, one), (gaussian_blur, one), (gaussian_blur, each)]
    taken: list[list[float]] = [[] for _ in cases]
    compiled_blurs = [tf.function(blur) for blur, _ in cases]
    for _ in range(WARM_UP + ROUNDS):
        for blur, (_, sigma), times in zip(compiled_blurs, cases, taken):
            start = time.perf_counter()
            blur(images, sigma, kernel_size=size // KERNEL_SHARE)
            times.append(time.perf_counter() - start)
    return [statistics.median(times[WARM_UP:]) for times in taken]


def blurs():
    """Prints the table of the blur."""
    print("\n| blur | depthwise | ours, one sigma | ours, a sigma each |\n|---|---|---|---|")
    for size, batch in ((48, 128), (224, 16)):
        depthwise, *ours = seconds_of_blurs(size, batch)
        ratios = " | ".join(f"{seconds / depthwise:.2f}" for seconds in ours)
        print(f"| {size} pixels, {batch} of them | 1.00 | {ratios} |", flush=True)


if __name__ == "__main__":
    app.run(main)
