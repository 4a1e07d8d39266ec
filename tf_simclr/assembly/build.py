"""Config -> the network of a run and its optimiser. Only build_data and tasks/ read one, too."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
import tf_keras as keras

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.augment import policies
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import ProjectionHead, SupervisedHead
from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.memory import MemoryBank
from tf_simclr.nets.resnet import ResNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.nets.student import Student
from tf_simclr.optim import schedules
from tf_simclr.optim.decay import weight_roles
from tf_simclr.optim.lamb import lamb
from tf_simclr.optim.lars import LARS

Teacher = Callable[[tf.Tensor], tf.Tensor]


def encoder(config: Config) -> ResNet:
    """The untrained encoder."""
    model = config.model
    return ResNet(
        model.resnet_depth,
        width_multiplier=model.width_multiplier,
        sk_ratio=model.sk_ratio,
        se_ratio=model.se_ratio,
        small_images=config.data.image_size <= policies.SMALL,
        bn_momentum=model.batch_norm_decay,
        global_bn=model.global_bn,
    )


def projection_head(config: Config) -> ProjectionHead:
    """The untrained projection head."""
    model = config.model
    return ProjectionHead(
        model.proj_head_mode,
        out_dim=model.proj_out_dim,
        num_layers=model.num_proj_layers,
        bn_momentum=model.batch_norm_decay,
        global_bn=model.global_bn,
    )


def model(
    config: Config,
    num_classes: int,
    *,
    precision: str = "float32",
    teacher: Teacher | None = None,
    training: bool = False,
) -> SimCLR | Classifier:
    """The untrained, built model of the config's train_mode.

    Weights are drawn from the config's seed alone.

    Args:
      config: of the run.
      num_classes: of the data; 0 without labels.
      precision: the Keras policy to compute by; "float32" is what floatx says.
      teacher: images [batch, h, w, 3] -> logits [batch, num_classes], of whom a student learns;
        None for one that is only evaluated.
      training: whether it is to be trained: with the config's memory, that is.
    """
    keras.utils.set_random_seed(config.run.seed)
    with _precision(precision):
        return _model(config, num_classes, teacher, training)


@contextlib.contextmanager
def _precision(policy: str) -> Iterator[None]:
    """Layers made inside compute by a Keras policy. Keras knows one for all, and no way back."""
    if policy == "float32":  # Nothing is asked for: floatx and whatever else was set decide.
        yield
        return
    before = keras.mixed_precision.global_policy()
    keras.mixed_precision.set_global_policy(policy)
    try:
        yield
    finally:
        # None follows floatx, as before the first policy.
        follows = before.name == keras.backend.floatx()
        keras.mixed_precision.set_global_policy(None if follows else before)


def _model(
    config: Config, num_classes: int, teacher: Teacher | None, training: bool
) -> SimCLR | Classifier:
    net: SimCLR | Classifier
    if not config.run.classifies:
        memory = _memory(config) if training and config.model.memory_size else None
        net = SimCLR(
            encoder(config),
            projection_head(config),
            num_classes=num_classes if config.training.lineareval_while_pretraining else 0,
            selector=config.finetuning.ft_proj_selector,
            temperature=config.model.temperature,
            hidden_norm=config.model.hidden_norm,
            loss=config.model.loss,
            loss_implementation=config.model.loss_implementation,
            microbatches=config.training.microbatches,
            make_views=build_data.views_in_the_step(config),
            memory=memory,
            seed=config.run.seed,
        )
        shape = [config.data.image_size, config.data.image_size, 3]
        net(tf.zeros([1, *shape]))
        if memory is not None:
            memory.follow(net.encoder, net.projection_head, shape)
    else:
        net = _classifier(config, num_classes, teacher)
        net.build([None, config.data.image_size, config.data.image_size, 3])
    return net


def _memory(config: Config) -> MemoryBank:
    return MemoryBank(
        encoder(config),
        projection_head(config),
        size=config.model.memory_size,
        decay=config.model.ema_decay,
    )


def _classifier(config: Config, num_classes: int, teacher: Teacher | None) -> Classifier:
    options: dict[str, Any] = {
        "num_classes": num_classes,
        "selector": config.finetuning.ft_proj_selector,
        "freeze_up_to": config.finetuning.fine_tune_after_block,
        "frozen_batch_norm": config.finetuning.frozen_batch_norm,
        "zero_init": config.finetuning.zero_init_logits_layer,
    }
    if teacher is None:
        return Classifier(encoder(config), projection_head(config), **options)
    return Student(
        encoder(config),
        projection_head(config),
        teacher=teacher,
        temperature=config.distillation.distill_temperature,
        alpha=config.distillation.distill_alpha,
        **options,
    )


def parts(net: SimCLR | Classifier) -> dict[str, tf.Module]:
    """What of a model is saved, by the names used in checkpoints and exports."""
    named = {"encoder": net.encoder, "projection_head": net.projection_head}
    if net.supervised_head is not None:
        named["supervised_head"] = net.supervised_head
    if isinstance(net, SimCLR) and net.memory is not None:
        named |= net.memory.parts()
    return named


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
    """Steps between exports; 0 is none but the last."""
    epochs = config.exporting.export_epochs
    per_epoch = num_examples / config.training.train_batch_size
    return max(1, round(epochs * per_epoch)) if epochs else 0


def schedule(config: Config, num_examples: int) -> schedules.WarmupCosine:
    """The learning rate of every step."""
    optimization, batch_size = config.optimization, config.training.train_batch_size
    return schedules.WarmupCosine(
        schedules.scaled_learning_rate(
            optimization.learning_rate, batch_size, optimization.learning_rate_scaling
        ),
        warmup_steps=schedules.warmup_steps(optimization.warmup_epochs, num_examples, batch_size),
        total_steps=total_steps(config, num_examples),
    )


def compile_model(config: Config, net: SimCLR | Classifier, num_examples: int) -> None:
    """Gives a built model its optimiser, its slots, and its L2 penalty."""
    optimization = config.optimization
    learning_rate = schedule(config, num_examples)
    roles = weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)
    if optimization.optimizer == "lars":
        optimizer = LARS(
            learning_rate,
            momentum=optimization.momentum,
            weight_decay=optimization.weight_decay,
            exclude_from_weight_decay=roles.outside_lars(),
        )
    elif optimization.optimizer == "lamb":
        optimizer = lamb(
            learning_rate, weight_decay=optimization.weight_decay, exclude=roles.outside_lars()
        )
    elif optimization.optimizer == "momentum":
        optimizer = keras.optimizers.SGD(learning_rate, optimization.momentum, nesterov=True)
    else:
        optimizer = keras.optimizers.Adam(learning_rate)
    net.compile(
        optimizer,
        weight_decay=optimization.weight_decay,
        l2_variables=roles.l2(optimization.optimizer),
        steps_per_execution=config.training.steps_per_execution,
        # The strategy of a TPU compiles the step by itself, and knows no compiled one inside.
        jit_compile=config.training.jit_compile and not config.run.use_tpu,
    )
    optimizer.build(net.trainable_variables)


def compile_for_evaluation(config: Config, net: SimCLR | Classifier) -> None:
    """Gives a built model its L2 penalty, without an optimiser that matters."""
    roles = weight_roles(net, norm=BatchNorm, classifier=SupervisedHead)
    net.compile(
        weight_decay=config.optimization.weight_decay,
        l2_variables=roles.l2(config.optimization.optimizer),
    )
