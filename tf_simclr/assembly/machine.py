"""What a command runs on: one strategy for training and for what is then asked of the network."""

import functools

import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.config import Config


def strategy_to_train(config: Config) -> tf.distribute.Strategy:
    """The strategy of a training, as replicas.make_strategy makes it; a TPU's is kept.

    Raises:
      ValueError: if the config asks for a TPU and none answers.
    """
    run = config.run
    if run.use_tpu:
        return _tpu(run.tpu_name or run.master, run.tpu_zone, run.gcp_project)
    return replicas.make_strategy(use_tpu=False)


def strategy_to_judge(config: Config) -> tf.distribute.Strategy:
    """The strategy under which a trained network is run over pictures, by this process alone.

    After a training it is the same one. Of several workers one judges while the others are gone: it
    takes a single device, since their strategy would wait for them.

    Raises:
      ValueError: if the config asks for a TPU and none answers.
    """
    if replicas.workers() > 1 and not config.run.use_tpu:
        return tf.distribute.get_strategy()
    return strategy_to_train(config)


@functools.cache
def _tpu(name: str | None, zone: str | None, project: str | None) -> tf.distribute.Strategy:
    """Made once: to initialize a TPU again takes all variables from it."""
    return replicas.make_strategy(use_tpu=True, tpu_name=name, zone=zone, project=project)
