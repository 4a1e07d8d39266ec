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
    """Checks a config by its method, and returns it. Raises ValueError like Method.check."""
    method_of(config).check(config)
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


def source(config: Config) -> Source:
    """The data of a config, opened by build_data.source for the config's method."""
    return build_data.source(config, labels_alone=method_of(config).labels(config) == "all")


def training_data(
    config: Config, data: Source, start_step: int, strategy: tf.distribute.Strategy
) -> tf.data.Dataset:
    """Endless training batches from `start_step` on, spread over the strategy's replicas."""
    method, stream = method_of(config), build_data.stream(config, data, start_step)
    num_classes = data.num_classes if method.has_classifier(config) else 0
    return strategy.distribute_datasets_from_function(
        lambda context: method.batches(config, stream, num_classes, context)
    )
