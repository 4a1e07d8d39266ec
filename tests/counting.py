"""A Keras model whose loss is the number of its step, for tests of what happens between steps."""

import numpy as np
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.trainable import TrainableNet


class Counting(TrainableNet):
    """Its loss at step s = 1, 2, ... is s; not a number at `bad_step`."""

    METRICS = ("loss",)

    def __init__(self, bad_step=None):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.bad_step = bad_step

    def train_step(self, data):
        step = tf.cast(self.optimizer.iterations, tf.float32) + 1.0
        loss = tf.where(step == float(self.bad_step or 0), np.nan, step)
        self.descend(loss, [(tf.zeros([1, 1]), self.dense.kernel)])
        self.track(loss=loss)
        return self.results()


def counting():
    """One that is built."""
    net = Counting()
    net.dense.build([None, 1])
    return net


def fit(model, callbacks, *, steps, epochs=1, steps_per_execution=1, verbose=0):
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 100, 0.0)
    if model.optimizer is None:
        model.compile(keras.optimizers.SGD(schedule), steps_per_execution=steps_per_execution)
    data = tf.data.Dataset.from_tensors(tf.zeros([1, 1])).repeat()
    model.fit(data, steps_per_epoch=steps, epochs=epochs, callbacks=callbacks, verbose=verbose)
