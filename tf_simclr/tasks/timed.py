"""Times a few real training steps: real pictures, real views, the real network."""

import gc
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import tensorflow as tf

from tf_simclr import methods
from tf_simclr.assembly import build
from tf_simclr.choosing.estimate import Sizes
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.nets.trainable import TrainableNet

SKIPPED = 2  # steps at the start: they trace, fill buffers, and read what was prefetched
FEWEST, MOST = 4, 30  # steps
ENOUGH = 4.0  # seconds


class Timed(NamedTuple):
    """What was measured.

    Attributes:
      per_step: seconds of a step.
      start: seconds until the first step was done.
      sizes: bytes of the network, and of the process.
    """

    per_step: float
    start: float
    sizes: Sizes


def time_steps(config: Config, data: Source, strategy: tf.distribute.Strategy) -> Timed:
    """Trains an untrained network for a few steps, and forgets it.

    Args:
      config: of the run.
      data: of the config.
      strategy: that shares a batch.
    """
    began = time.monotonic()
    net = _network(config, data, strategy)
    with strategy.scope():
        ends = _ends(net, iter(methods.training_data(config, data, 0, strategy)))
    weights, slots = (bytes_of(of.variables) for of in (net, net.optimizer))
    sizes = Sizes(weights, slots, _peak())
    del net
    gc.collect()
    timed = ends[SKIPPED - 1 :]
    return Timed((timed[-1] - timed[0]) / (len(timed) - 1), ends[0] - began, sizes)


def _network(config: Config, data: Source, strategy: tf.distribute.Strategy) -> TrainableNet:
    """The run's network, compiled for one step at a time."""
    method, one = methods.method_of(config), config.replaced({"steps_per_execution": 1})
    with strategy.scope():
        lesson = method.lesson(config, data)
        net = methods.network(config, lesson, precision=config.training.precision, training=True)
        build.compile_model(one, net, method.examples(config, data))
    return net


def _ends(net: TrainableNet, batches: Iterator) -> list[float]:
    """When each step ended, in seconds of a clock, those to skip included."""
    step, ends = net.make_train_function(), list[float]()
    while len(ends) < SKIPPED + FEWEST or (
        len(ends) < SKIPPED + MOST and ends[-1] - ends[SKIPPED - 1] < ENOUGH
    ):
        step(batches)
        status = net.last_status()
        assert status is not None
        status.numpy()  # Waits for the device.
        ends.append(time.monotonic())
    return ends


def bytes_of(variables: Sequence[tf.Variable]) -> int:
    """How many bytes variables hold."""
    return sum(each.shape.num_elements() * each.dtype.size for each in variables)


def _peak() -> int:
    """Bytes of memory at the peak: of the first GPU, or of this process."""
    gpus = tf.config.list_logical_devices("GPU")
    if gpus:
        name = gpus[0].name.removeprefix("/device:")
        return int(tf.config.experimental.get_memory_info(name)["peak"])
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
