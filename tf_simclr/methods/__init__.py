"""What a run trains: one file a kind of training, chosen by --train_mode and --pretext_task."""

import tensorflow as tf

from tf_simclr import things
from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.methods.method import Lesson, Method
from tf_simclr.nets.trainable import TrainableNet


def method_of(config: Config) -> Method:
    """The method of a run with this config.

    Raises:
      ValueError: if its word has no file.
    """
    return things.load("methods", config.run.method)


def checked(config: Config) -> Config:
    """Settles and checks a config by its method. Raises ValueError like Method.check."""
    method = method_of(config)
    config = method.settled(config)
    method.check(config)
    return config


def network(
    config: Config, lesson: Lesson, *, precision: str = "float32", training: bool = False
) -> TrainableNet:
    """The untrained, built network of a config. Its weights only depend on the seed.

    Args:
      config: of the run.
      lesson: the classes and the teacher.
      precision: the Keras policy; "float32" follows floatx.
      training: whether it will be trained, and so needs parts such as a memory.
    """
    with build.drawn(config.run.seed, precision):
        return method_of(config).network(config, lesson, training=training)


def source(config: Config, opened: Source | None = None) -> Source:
    """The data of a config, as build_data.source makes it for the config's method.

    Args:
      config: of the command.
      opened: its data, if build_data.opened has opened it already.
    """
    return build_data.as_configured(
        config,
        opened or build_data.opened(config),
        labels_alone=method_of(config).labels(config) == "all",
    )


def training_data(
    config: Config, data: Source, start_step: int, strategy: tf.distribute.Strategy
) -> tf.data.Dataset:
    """Endless training batches from `start_step` on, spread over the strategy's replicas."""
    method, stream = method_of(config), build_data.stream(config, data, start_step)
    num_classes = data.num_classes if method.has_classifier(config) else 0
    return strategy.distribute_datasets_from_function(
        lambda context: method.batches(config, stream, num_classes, context)
    )
