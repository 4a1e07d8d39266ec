"""SimCLR as a Keras model, on pictures in an array.

    python examples/fit_arrays.py

The views are made here, by plain TensorFlow; the command line has those of the paper.
"""

import numpy as np
import tensorflow as tf

from tf_simclr import LARS, ProjectionHead, ResNet, SimCLR, WarmupCosine
from tf_simclr.data.emoji32.builder import load_images


def pairs_of_views(pictures: np.ndarray, batch: int) -> tf.data.Dataset:
    """Two views of each picture on the channels: float32 [batch, side, side, 6] in [0, 1]."""
    side = pictures.shape[1]

    def view(picture: tf.Tensor) -> tf.Tensor:
        crop = tf.image.random_crop(picture, [side * 3 // 4, side * 3 // 4, 3])
        resized = tf.image.random_flip_left_right(tf.image.resize(crop, [side, side]))
        return tf.clip_by_value(tf.image.random_brightness(resized, 0.3), 0.0, 1.0)

    def pair(picture: tf.Tensor) -> tf.Tensor:
        picture = tf.image.convert_image_dtype(picture, tf.float32)
        return tf.concat([view(picture), view(picture)], axis=-1)

    data = tf.data.Dataset.from_tensor_slices(pictures).shuffle(len(pictures)).repeat()
    return data.map(pair, num_parallel_calls=tf.data.AUTOTUNE).batch(batch, drop_remainder=True)


def main(pictures: np.ndarray, *, steps: int = 200, batch: int = 128, width: float = 0.5):
    """Of pictures uint8 [n, side, side, 3]; returns the features of all, float32 [n, features]."""
    model = SimCLR(ResNet(18, width_multiplier=width, small_images=True), ProjectionHead())
    model.build([None, *pictures.shape[1:]])
    schedule = WarmupCosine(0.3, warmup_steps=steps // 10, total_steps=steps)
    model.compile(LARS(schedule, weight_decay=1e-4))
    model.fit(pairs_of_views(pictures, batch), steps_per_epoch=steps, verbose=2)
    images = tf.image.convert_image_dtype(pictures, tf.float32)
    return model.predict(images, batch_size=batch, verbose=0)["final_avg_pool"]


if __name__ == "__main__":
    print(main(load_images()).shape)
