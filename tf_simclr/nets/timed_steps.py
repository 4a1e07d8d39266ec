"""Training steps that know how long they wait for data."""

import functools
import types
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
import tf_keras as keras


class TimedSteps(keras.Model):
    """A Keras model whose `fit` measures the time between asking for a batch and having it.

    Everything else is as in Keras, but that results of several replicas are the first one's (a step
    of this package returns means over all), and that AutoGraph does not rewrite what a step calls:
    there a choice by a tensor's value is a `tf.cond`.
    """

    train_function: Any  # Keras sets it; only its first assignment here would tell mypy what it is.

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # Keras would sum them over workers, in `evaluate`.
        self.distribute_reduction_method = "first"
        waited = tf.Variable(
            0.0,
            dtype=tf.float32,
            trainable=False,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            name="seconds_waited",
        )
        # In a namespace Keras does not see it, and does not count it among the model's weights.
        self._clock = types.SimpleNamespace(waited=waited)

    def seconds_waited(self) -> float:
        """How long all steps so far have waited for their data, in seconds."""
        return float(self._clock.waited.numpy())

    def make_train_function(self, force: bool = False) -> Callable:
        """Makes what `fit` calls with an iterator: `steps_per_execution` steps. As Keras'."""
        if self.run_eagerly:
            return super().make_train_function(force)
        if self.train_function is None or force:
            run = self._counted_step
            if self.jit_compile:
                run = tf.function(run, jit_compile=True, reduce_retracing=True)
            one = int(self._steps_per_execution.numpy()) == 1
            make = _one_step if one and not self.autotune_steps_per_execution else _several_steps
            step = functools.partial(make, self, run)
            self.train_function = self.train_tf_function = tf.function(step, reduce_retracing=True)
        return self.train_function

    # AutoGraph would rewrite a hundred functions that do not need it: seconds of the first step.
    @tf.autograph.experimental.do_not_convert
    def _counted_step(self, data: Any) -> dict[str, tf.Tensor]:
        outputs = self.train_step(data)
        with tf.control_dependencies(tf.nest.flatten(outputs)):
            self._train_counter.assign_add(1)
        return outputs


def _one_step(model: TimedSteps, run: Callable, iterator: Iterator) -> dict[str, tf.Tensor]:
    asked = tf.timestamp()
    with tf.control_dependencies([asked]):
        data = next(iterator)
    with tf.control_dependencies(tf.nest.flatten(data, expand_composites=True)):
        model._clock.waited.assign_add(tf.cast(tf.timestamp() - asked, tf.float32))
    outputs = model.distribute_strategy.run(run, args=(data,))
    return tf.nest.map_structure(
        lambda value: model.distribute_strategy.experimental_local_results(value)[0], outputs
    )


def _several_steps(model: TimedSteps, run: Callable, iterator: Iterator) -> dict[str, tf.Tensor]:
    for _ in tf.range(model._steps_per_execution):
        outputs = _one_step(model, run, iterator)
    return outputs
