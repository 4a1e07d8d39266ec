"""What is checked before anything is trained: the data, and the machine."""

import tensorflow as tf

from tf_simclr import host_xla
from tf_simclr.config import Config
from tf_simclr.data.sources import Source


def check_data(config: Config, data: Source) -> int:
    """Counts the training pictures.

    Raises:
      ValueError: a batch needs more of them, or the way of training needs labels.
    """
    split, batch_size = config.data.train_split, config.training.train_batch_size
    examples = data.num_examples(split)
    # Differs from the original: from twice the data on it waits for ever.
    if batch_size > examples:
        raise ValueError(
            f"`train_batch_size` must not be larger than the data: {data.name} has {examples}"
            f" pictures in {split!r}. Received: train_batch_size={batch_size}."
        )
    mode, alpha = config.run.train_mode, config.distillation.distill_alpha
    needs_labels = config.run.classifies and not (mode == "distill" and alpha == 1)
    if needs_labels and not data.num_classes:
        rest = " Or give --distill_alpha=1, to learn from the teacher alone."
        raise ValueError(
            f"`train_mode` {mode} needs labels, and {data.name} has none. Received:"
            f" train_mode={mode!r}. {data.how_to_label}"
            f"{rest if mode == 'distill' else ''}"
        )
    if needs_labels and data.num_labelled(split) == 0:
        raise ValueError(
            f"`train_split` must have labels for `train_mode` {mode}. Received:"
            f" train_split={split!r}, where none of {examples} pictures has one."
            f" {data.how_to_label}"
        )
    with_head = config.training.lineareval_while_pretraining and not config.run.classifies
    if with_head and not data.num_classes:
        print(f"{data.name} has no labels: the linear head alongside is left out.")
    return examples


def check_hosts(data: Source, strategy: tf.distribute.Strategy) -> None:
    """Raises ValueError for data that other hosts of the strategy's TPU slice cannot decode.

    They run the input pipeline, and no Python. Workers that are programs of their own do run it.
    """
    if getattr(strategy.extended, "num_hosts", 1) > 1:
        data.require_no_python()


def check_machine(config: Config, strategy: tf.distribute.Strategy) -> None:
    """Raises ValueError for settings that the strategy's devices cannot carry out."""
    count, training = strategy.num_replicas_in_sync, config.training
    parts = 1 if config.run.classifies else training.microbatches
    if training.train_batch_size % (count * parts):
        of_each = f", times their {parts} microbatches" if parts > 1 else ""
        raise ValueError(
            f"`train_batch_size` must be a multiple of the {count} replicas{of_each}."
            f" Received: train_batch_size={training.train_batch_size}."
        )
    if training.jit_compile and count > 1 and not config.run.use_tpu:
        raise ValueError(
            f"`jit_compile` works on one device; there are {count} replicas here, and TensorFlow"
            " cannot compile what they exchange. Received: jit_compile=True."
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
