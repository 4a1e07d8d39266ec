"""Several calls of `fit` read one stream: nothing twice, nothing lost."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.data.one_pass import OnePass


class Seen(keras.Model):
    """Adds up, at the position of each batch's number, how often a replica was given it."""

    def __init__(self):
        super().__init__()
        self.times = tf.Variable(
            tf.zeros(64), trainable=False, aggregation=tf.VariableAggregation.SUM
        )

    def train_step(self, data):
        self.times.assign_add(tf.reduce_sum(tf.one_hot(data, 64), axis=0))
        return {"loss": tf.constant(0.0)}


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("per_execution", [1, 3])
def test_each_fit_goes_on_where_the_last_one_ended(replicas, per_execution):
    if replicas == 1:
        strategy = tf.distribute.get_strategy()
    else:
        strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    with strategy.scope():
        model = Seen()
        model.compile(steps_per_execution=per_execution)

    def numbers(context):
        local = context.get_per_replica_batch_size(4)
        return tf.data.Dataset.range(64).batch(local, drop_remainder=True).prefetch(2)

    batches = OnePass(strategy.distribute_datasets_from_function(numbers))
    done = 0
    for epochs, steps in ((1, 1), (2, 3), (1, 2)):
        model.fit(batches, epochs=epochs, steps_per_epoch=steps, verbose=0)
        done += epochs * steps
        np.testing.assert_array_equal(model.times, np.arange(64) < 4 * done)
