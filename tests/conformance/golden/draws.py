"""Our own draws of what augment_stats recorded, from stateless seeds: the same at every run."""

import numpy as np
import tensorflow as tf

from tf_simclr.data.augment import blur, color, crop, flip, gray
from tf_simclr.data.augment.operation import act_in_turn, to_images, to_planes
from tf_simclr.data.augment.views import PAIR, PretrainViews, View

DRAWS = 20_000
VIEWS = 4_000  # whole views: dearer
CHUNK = 250  # pictures at a time, of two views each


def seeds(count: int, stream: int) -> tf.Tensor:
    """int32 [count, 2]; each `stream` has its own."""
    return tf.stack([tf.range(count), tf.fill([count], stream)], axis=1)


def _each(function, stream: int, dtype, count: int = DRAWS) -> np.ndarray:
    run = tf.function(
        lambda all_seeds: tf.map_fn(
            function, all_seeds, fn_output_signature=dtype, parallel_iterations=64
        )
    )
    return run(seeds(count, stream)).numpy()


def windows(height: int, width: int, aspect_ratio: float) -> np.ndarray:
    """[DRAWS, 4]: (top, left, height, width) of training crops of a picture of that size."""
    shape = tf.constant([height, width, 3])
    return _each(
        lambda seed: crop.random_window(shape, seed, aspect_ratio=aspect_ratio), 1, tf.int32
    )


def factors(strength: float) -> dict[str, np.ndarray]:
    """Recorded name -> [DRAWS] factors or deltas of the colour jitter."""
    draws = tf.random.stateless_uniform([DRAWS, 4], [0, 2])
    multiplied = color.jitter_factors(draws, strength).numpy()
    added = color.jitter_factors(draws, strength, additive=True).numpy()
    names = ("brightness_v2", "contrast", "saturation", "hue_delta")
    return dict(zip(names, multiplied.T)) | {"brightness_v1_delta": added[:, 0]}


def orders() -> np.ndarray:
    """int [DRAWS]: 1 brightness, 2 contrast, 3 saturation, 4 hue, as digits in order applied."""
    order = color.jitter_order(tf.random.stateless_uniform([DRAWS, 4], [0, 3])).numpy()
    return (order + 1) @ [1000, 100, 10, 1]


def gates() -> dict[str, int]:
    """How many of DRAWS pictures were jittered, made gray, both, or neither."""
    image = tf.constant([[[[0.2, 0.5, 0.7], [0.6, 0.4, 0.3]]]])
    both = color.Color(1.0), gray.Gray()
    numbers = [one.numbers for one in both]
    draws = tf.random.stateless_uniform([DRAWS, sum(numbers)], [0, 4])
    many = tf.repeat(image, DRAWS, axis=0)
    distorted = act_in_turn(both, many, tf.split(draws, numbers, axis=1)).numpy()
    made_gray = to_images(gray.grayscale(to_planes(image)), 1, 2)

    def unlike(other):
        return np.any(distorted != other.numpy(), axis=(1, 2, 3))

    grayed = np.all(distorted == distorted[..., :1], axis=(1, 2, 3))
    jittered = np.where(grayed, unlike(made_gray), unlike(image))
    return {
        "neither": np.sum(~grayed & ~jittered),
        "jitter_only": np.sum(~grayed & jittered),
        "gray_only": np.sum(grayed & ~jittered),
        "both": np.sum(grayed & jittered),
    }


def flips() -> np.ndarray:
    """Bool [DRAWS]: whether a picture was mirrored."""
    images = tf.constant([[[[0.0], [1.0]]]] * DRAWS)
    draws = tf.random.stateless_uniform([DRAWS, 1], [0, 5])
    return flip.Flip().act(images, draws).numpy()[:, 0, 0, 0] == 1


def sigmas() -> np.ndarray:
    """float32 [DRAWS] of the blur."""
    return _each(lambda seed: blur.Blur().draw(seed, 1, 20)[1][0], 6, tf.float32)


def blurred() -> np.ndarray:
    """Bool [2, DRAWS]: which pictures of two views' batches were blurred."""
    images = np.zeros([DRAWS, 20, 1, 1], np.float32)
    images[:, 10] = 1.0
    one = blur.Blur()
    drawn = [one.draw(tf.constant([view, 7]), DRAWS, 20) for view in range(2)]
    views = [one.act(tf.constant(images), each) for each in drawn]
    return np.stack([view[:, 10, 0, 0] != 1 for view in views])


def views(image: np.ndarray, size: int, strength: float, stream: int) -> np.ndarray:
    """float32 [VIEWS, size, size, 3]: training views of one uint8 picture."""
    view = View.of(crop.Crop(), flip.Flip(), color.Color(strength), gray.Gray())
    two = PretrainViews(size, (view, view))
    shape = tf.constant(image.shape)
    prepared = tf.data.Dataset.from_tensor_slices(seeds(VIEWS // PAIR, stream)).map(
        lambda seed: two.prepare(image, two.windows(shape, seed), seed),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    make = tf.function(lambda batch: two.make(batch, one_by_one=False), autograph=False)
    pairs = [make(batch) for batch in prepared.batch(CHUNK, drop_remainder=True)]
    return np.concatenate([view for pair in pairs for view in tf.split(pair, PAIR, axis=-1)])
