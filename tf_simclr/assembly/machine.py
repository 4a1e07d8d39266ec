"""The machine of a command: one strategy for training and for evaluation after it."""

import functools

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.config import Config


def strategy_to_train(config: Config) -> tf.distribute.Strategy:
    """The strategy for training, from replicas.make_strategy; that of a TPU is made only once.

    Raises:
      ValueError: if the config asks for a TPU and none answers.
    """
    run = config.run
    if run.use_tpu:
        return _tpu(run.tpu_name or run.master, run.tpu_zone, run.gcp_project)
    return replicas.make_strategy(use_tpu=False)


def strategy_to_judge(config: Config) -> tf.distribute.Strategy:
    """The strategy for running a trained network over pictures in this process.

    After training it is the same strategy. But of several workers only one evaluates: it uses a
    single device, as the training strategy would wait for the others.

    Raises:
      ValueError: if the config asks for a TPU and none answers.
    """
    if replicas.workers() > 1 and not config.run.use_tpu:
        return tf.distribute.get_strategy()
    return strategy_to_train(config)


def device_of(config: Config) -> str:
    """What a run trains on: "CPU", "GPU" or "TPU"."""
    if config.run.use_tpu:
        return "TPU"
    return "GPU" if tf.config.list_logical_devices("GPU") else "CPU"


@functools.cache
def _tpu(name: str | None, zone: str | None, project: str | None) -> tf.distribute.Strategy:
    """Made once: initialising a TPU again deletes all variables on it."""
    return replicas.make_strategy(use_tpu=True, tpu_name=name, zone=zone, project=project)
