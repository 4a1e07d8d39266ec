"""What `fit` says it waited for data: lower bounds alone, from data that sleeps."""

import time

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.timed_steps import TimedSteps

NAP = 0.05  # seconds for each batch


class Line(TimedSteps):
    """Learns w of w * x."""

    def __init__(self):
        super().__init__()
        self.w = self.add_weight("w", shape=[], initializer="zeros")
        self.traces = 0

    def train_step(self, data):
        self.traces += 1
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self.w * x - y))
        self.optimizer.minimize(loss, [self.w], tape=tape)
        return {"loss": loss}


def batches(nap):
    def sleep(x):
        time.sleep(nap)
        return x

    data = tf.data.Dataset.from_tensors(np.ones([2], np.float32)).repeat()
    data = data.map(lambda x: tf.ensure_shape(tf.numpy_function(sleep, [x], tf.float32), [2]))
    options = tf.data.Options()
    options.autotune.enabled = False  # Else batches are fetched ahead.
    return data.map(lambda x: (x, 3 * x)).with_options(options)


def fitted(nap, steps, **options):
    net = Line()
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build([net.w])
    net.compile(optimizer, **options)
    net.fit(batches(nap), steps_per_epoch=steps, epochs=1, verbose=0)
    return net


@pytest.mark.parametrize(
    "options", [{}, {"steps_per_execution": 3}, {"jit_compile": True}], ids=str
)
@pytest.mark.parametrize("steps", [3, 6])
def test_waiting_for_slow_data_is_counted(options, steps):
    net = fitted(NAP, steps, **options)
    assert net.seconds_waited() >= steps * NAP


def test_what_is_ready_is_hardly_waited_for():
    assert fitted(0.0, 6).seconds_waited() < fitted(NAP, 6).seconds_waited() / 2


def test_steps_are_the_same_as_those_of_keras():
    ours, whole = fitted(0.0, 6), fitted(0.0, 6, steps_per_execution=3)
    eager = fitted(0.0, 6, run_eagerly=True)  # Keras' own.
    # w' = w - .1 * 2 * (w - 3): three minus it shrinks by a fifth each step.
    np.testing.assert_allclose([ours.w, whole.w, eager.w], 3 * (1 - 0.8**6), rtol=1e-6)


def test_the_clock_is_no_weight():
    assert [v.name for v in fitted(0.0, 1).weights] == ["w:0"]


def test_more_epochs_trace_nothing():
    net = fitted(0.0, 2)
    net.fit(batches(0.0), steps_per_epoch=2, epochs=3, verbose=0)
    assert net.traces == 1
