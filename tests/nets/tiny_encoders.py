"""Encoders for tests of everything around them."""

import math

import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.layers import BatchNorm


class TinyEncoder(keras.layers.Layer):
    """Flattened pixels -> 8 features."""

    def __init__(self):
        super().__init__(name="encoder")
        self.dense = keras.layers.Dense(8)
        self.norm = BatchNorm()

    def call(self, images, training=False):
        hidden = self.norm(self.dense(_flat(images)), training=training)
        return {"final_avg_pool": tf.nn.relu(hidden)}


class TinyConvolution(keras.layers.Layer):
    """Pixels -> 6 features, by way of a batch norm of rank 4 and one of rank 2."""

    def __init__(self, filters):
        super().__init__(name="encoder")
        self.conv = keras.layers.Conv2D(filters, 3, name="conv")
        self.norm = BatchNorm(name="norm")
        self.dense = keras.layers.Dense(6, name="dense")
        self.last = BatchNorm(name="last_norm")

    def call(self, images, training=False):
        hidden = tf.nn.relu(self.norm(self.conv(images), training=training))
        hidden = self.last(self.dense(_flat(hidden)), training=training)
        return {"final_avg_pool": tf.nn.relu(hidden)}


def _flat(values):
    return tf.reshape(values, [-1, math.prod(values.shape[1:])])
