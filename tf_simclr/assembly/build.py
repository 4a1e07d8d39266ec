"""Makes the parts of a run's network and its optimiser from a config."""

import contextlib
from collections.abc import Iterator

import tf_keras as keras

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.config import Config
from tf_simclr.nets.encoder import Encoder
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.many_classes import ManyClasses
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.optim import schedules
from tf_simclr.optim.decay import weight_roles
from tf_simclr.optim.lamb import lamb
from tf_simclr.optim.lars import LARS

CLASSIFIERS = (SupervisedHead, ManyClasses)


def encoder(config: Config) -> Encoder:
    """The untrained encoder."""
    return architecture_of(config.flat()).encoder(**config.model.norms)


def projection_head(config: Config) -> ProjectionHead:
    """The untrained projection head."""
    return architecture_of(config.flat()).projection_head(**config.model.norms)


@contextlib.contextmanager
def drawn(seed: int, precision: str = "float32") -> Iterator[None]:
    """Networks made inside take their weights from a seed, and their precision from a policy.

    Args:
      seed: of the weights.
      precision: the Keras policy; "float32" follows floatx.
    """
    keras.utils.set_random_seed(seed)
    with _precision(precision):
        yield


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made inside compute by a Keras policy. Keras only has a global one."""
    if policy == "float32":  # The default: floatx and any policy that is set decide.
        yield
        return
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        # None follows floatx, as it was before any policy was set.
        follows = before.name == keras.backend.floatx()
        keras.mixed_precision.set_global_policy(None if follows else before)


def total_steps(config: Config, num_examples: int) -> int:
    """Steps of the whole training."""
    training = config.training
    return schedules.train_steps(
        num_examples, training.train_batch_size, training.train_epochs, training.train_steps
    )


def checkpoint_interval(config: Config, num_examples: int) -> int:
    """Steps between checkpoints."""
    training = config.training
    per_epoch = num_examples / training.train_batch_size
    return training.checkpoint_steps or max(1, round(training.checkpoint_epochs * per_epoch))


def export_interval(config: Config, num_examples: int) -> int:
    """Steps between exports; 0 only exports at the end."""
    epochs = config.exporting.export_epochs
    per_epoch = num_examples / config.training.train_batch_size
    return max(1, round(epochs * per_epoch)) if epochs else 0


def schedule(config: Config, num_examples: int) -> schedules.WarmupCosine:
    """The learning rate schedule."""
    optimization, batch_size = config.optimization, config.training.train_batch_size
    return schedules.WarmupCosine(
        schedules.scaled_learning_rate(
            optimization.learning_rate, batch_size, optimization.learning_rate_scaling
        ),
        warmup_steps=schedules.warmup_steps(optimization.warmup_epochs, num_examples, batch_size),
        total_steps=total_steps(config, num_examples),
    )


def compile_model(config: Config, net: TrainableNet, num_examples: int) -> None:
    """Gives a built model its optimiser, with slots, and its L2 penalty."""
    optimization, decay = config.optimization, config.optimization.weight_decay
    learning_rate = schedule(config, num_examples)
    roles = weight_roles(net, norm=BatchNorm, classifier=CLASSIFIERS)
    if optimization.optimizer == "lars":
        optimizer = LARS(
            learning_rate,
            momentum=optimization.momentum,
            weight_decay=decay,
            exclude_from_weight_decay=roles.outside_lars(),
        )
    elif optimization.optimizer == "lamb":
        optimizer = lamb(learning_rate, weight_decay=decay, exclude=roles.outside_lars())
    elif optimization.optimizer == "momentum":
        optimizer = keras.optimizers.SGD(learning_rate, optimization.momentum, nesterov=True)
    else:
        optimizer = keras.optimizers.Adam(learning_rate)
    net.compile(
        optimizer,
        weight_decay=decay,
        l2_variables=roles.l2(optimization.optimizer),
        steps_per_execution=config.training.steps_per_execution,
        # A TPU's strategy compiles the whole step, and cannot compile a compiled function in it.
        jit_compile=config.training.jit_compile and not config.run.use_tpu,
    )
    optimizer.build(net.trainable_variables)


def compile_for_evaluation(config: Config, net: TrainableNet) -> None:
    """Gives a built model its L2 penalty, and an optimiser that is not used."""
    roles = weight_roles(net, norm=BatchNorm, classifier=CLASSIFIERS)
    penalised = roles.l2(config.optimization.optimizer)
    net.compile(weight_decay=config.optimization.weight_decay, l2_variables=penalised)
