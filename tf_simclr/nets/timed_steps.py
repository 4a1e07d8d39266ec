"""Training steps that measure how long they wait for data, and return a status to read."""

import functools
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
import tf_keras as keras

HOST = "CPU:0"
Outcome = tuple[dict[str, tf.Tensor], tf.Tensor]  # of a step: results and status


class TimedSteps(keras.Model):
    """A Keras model whose `fit` measures how long it waits for each batch.

    Each execution, of one step or several, leaves a status: one small tensor on the device with all
    numbers for callbacks, so that one read is enough. What Keras itself reads between two
    executions is on the host.

    There are two more differences from Keras. The results of several replicas are those of the
    first (a step of this package returns means over all). AutoGraph does not rewrite what a step
    calls: use `tf.cond` there for conditions on tensors.
    """

    train_function: Any  # Keras sets it; this tells mypy.

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        # By default, Keras' `evaluate` sums results over workers.
        self.distribute_reduction_method = "first"
        # Keras does not look into a namespace, so the variable is not one of the model's weights.
        waited = _on_host(0.0, tf.float64, "seconds_waited")
        self._clock = types.SimpleNamespace(waited=waited, status=None)

    def seconds_waited(self) -> float:
        """How long all steps so far have waited for data, in seconds. Needs no device."""
        return float(self._clock.waited.numpy())

    def status(self) -> tf.Tensor:
        """The status of a step, computed inside the step: a vector [n]. By default it is empty."""
        return tf.zeros([0])

    def last_status(self) -> tf.Tensor | None:
        """The `status` [n] of the last step of the last execution; None before the first.

        It is on the device: reading it waits for the execution to end.
        """
        return self._clock.status

    def make_train_function(self, force: bool = False) -> Callable:
        """Like Keras': makes what `fit` calls with an iterator, for `steps_per_execution` steps.

        The traced function is `train_tf_function`, from an iterator to (results, status).
        """
        if self.train_function is None or force:
            if self.run_eagerly:
                run_steps = super().make_train_function(force)
                self.train_tf_function = lambda iterator: (run_steps(iterator), self.status())
            else:
                self.train_tf_function = tf.function(self._steps(), reduce_retracing=True)
            self.train_function = self._train
        return self.train_function

    def _steps(self) -> Callable:
        """The function of an execution, not traced: an iterator -> (results, status)."""
        run = self._counted_step
        if self.jit_compile:
            run = tf.function(run, jit_compile=True, reduce_retracing=True)
        one = int(self._steps_per_execution.numpy()) == 1
        make = _one_step if one and not self.autotune_steps_per_execution else _several_steps
        return functools.partial(make, self, run)

    def _train(self, iterator: Iterator) -> dict[str, tf.Tensor]:
        results, self._clock.status = self.train_tf_function(iterator)
        return results

    # AutoGraph would rewrite a hundred functions that do not need it, which takes seconds.
    @tf.autograph.experimental.do_not_convert
    def _counted_step(self, data: Any) -> Outcome:
        outputs = self.train_step(data)
        with tf.control_dependencies(tf.nest.flatten(outputs)):
            self._train_counter.assign_add(1)
        return outputs, self.status()

    def _configure_steps_per_execution(self, steps_per_execution: int) -> None:
        # Keras reads it before each execution; a read from a device waits for the last execution.
        steps = _on_host(steps_per_execution, tf.int64, "steps_per_execution")
        object.__setattr__(self, "_steps_per_execution", steps)  # Else it becomes a weight.


def _on_host(value: float, dtype: tf.DType, name: str) -> tf.Variable:
    """A variable in the host's memory, even if this is called in a strategy's scope.

    A scope would put a copy on each device, but a new thread is not in it.
    """
    made = []

    def make() -> None:
        with tf.device(HOST):
            made.append(tf.Variable(value, trainable=False, dtype=dtype, name=name))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def _one_step(model: TimedSteps, run: Callable, iterator: Iterator) -> Outcome:
    asked = tf.timestamp()
    with tf.control_dependencies([asked]):
        data = next(iterator)
    with tf.control_dependencies(tf.nest.flatten(data, expand_composites=True)), tf.device(HOST):
        model._clock.waited.assign_add(tf.timestamp() - asked)
    outputs = model.distribute_strategy.run(run, args=(data,))
    return tf.nest.map_structure(
        lambda value: model.distribute_strategy.experimental_local_results(value)[0], outputs
    )


def _several_steps(model: TimedSteps, run: Callable, iterator: Iterator) -> Outcome:
    for _ in tf.range(model._steps_per_execution):
        outputs = _one_step(model, run, iterator)
    return outputs
