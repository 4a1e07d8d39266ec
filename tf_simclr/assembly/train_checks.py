"""Checks of data and machine before training."""

import tensorflow as tf

from tf_simclr import bfloat16, host_xla
from tf_simclr.assembly.machine import device_of
from tf_simclr.config import Config
from tf_simclr.data.source import Source


def check_examples(config: Config, data: Source, examples: int) -> None:
    """Checks that an epoch has enough pictures.

    Args:
      config: of the run.
      data: of the config.
      examples: pictures of an epoch.

    Raises:
      ValueError: if there are fewer than in a batch.
    """
    split, batch_size = config.data.train_split, config.training.train_batch_size
    # Differs from the original: it waits for ever if a batch is twice the data or more.
    if batch_size > examples:
        raise ValueError(
            f"`train_batch_size` must not be larger than the data: {data.name} has {examples}"
            f" pictures in {split!r}. Received: train_batch_size={batch_size}."
        )


def check_hosts(data: Source, strategy: tf.distribute.Strategy) -> None:
    """Raises ValueError for data that other hosts of the strategy's TPU slice cannot decode.

    They run the input pipeline without Python. Workers that are separate programs have Python.
    """
    if getattr(strategy.extended, "num_hosts", 1) > 1:
        data.require_no_python()


def slow_precision(config: Config, step: int) -> str:
    """A sentence if this CPU has no units for the bfloat16 that a run computes in; "" if it has.

    Args:
      config: of the run.
      step: where it starts; a run that goes on keeps its precision.
    """
    device = device_of(config)
    if config.training.precision != "mixed_bfloat16" or bfloat16.units(device):
        return ""
    goes_on = " The run keeps it, as it began with it." if step else ""
    return (
        f"this {device} has no units for bfloat16, so steps may take several times as long as in"
        f" float32.{goes_on}"
    )


def check_machine(config: Config, strategy: tf.distribute.Strategy, *, parts: int) -> None:
    """Checks that the strategy's devices support the settings.

    Args:
      config: of the run.
      strategy: of the run.
      parts: number of equal parts in which a replica's batch is processed.

    Raises:
      ValueError: if they cannot.
    """
    count, training = strategy.num_replicas_in_sync, config.training
    if training.train_batch_size % (count * parts):
        of_each = f", times their {parts} microbatches" if parts > 1 else ""
        raise ValueError(
            f"`train_batch_size` must be a multiple of the {count} replicas{of_each}."
            f" Received: train_batch_size={training.train_batch_size}."
        )
    if training.jit_compile and count > 1 and not config.run.use_tpu:
        raise ValueError(
            f"`jit_compile` works on one device; there are {count} replicas here, and TensorFlow"
            " cannot compile their communication. Received: jit_compile=True."
        )
    if training.jit_compile and not config.run.use_tpu and not host_xla.compiles():
        raise ValueError(
            "`jit_compile` needs XLA for this machine's CPU, which a TensorFlow made for TPUs does"
            " not have. Received: jit_compile=True. Leave it out, or train with --use_tpu."
        )
    if training.precision == "mixed_float16" and config.run.use_tpu:
        raise ValueError(
            "`precision` must be float32 or mixed_bfloat16 on a TPU. Received:"
            " precision='mixed_float16'."
        )
