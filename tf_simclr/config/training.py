"""Flags for how long to train, how much at a time, and what to write along the way."""

import dataclasses

from tf_simclr.config.choices import KEPT_BY, PRECISIONS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import (
    AT_THE_START,
    OFF_TPU,
    PRETRAINED,
    PRETRAINED_SHOWN,
    SHOWN,
    TRAINING,
    TWO_VIEWS,
    needs,
    unless,
)


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Section):
    """How long to train, how much at a time, and what to write along the way."""

    train_batch_size: int = flag(
        512,
        "Pictures per step over all replicas (copies of patches for exemplar), not counting the"
        " views, turns or patches made from each. Learning rates are scaled by it.",
        only=SHOWN,
    )
    train_epochs: float = flag(
        100.0, "Epochs to train.", only=(SHOWN, unless("train_steps")), instead_of=("train_steps",)
    )
    train_steps: int = flag(0, "Steps to train; overrides train_epochs.", only=SHOWN)
    train_minutes: float = flag(
        0.0,
        "Minutes to train, instead of steps or epochs: a few steps are timed, and --train_steps is"
        " set by them; 0 is not used.",
        only=(TRAINING, AT_THE_START),
        of_command=True,
    )
    steps_per_execution: int = flag(1, "Steps to run before returning to Python.", only=TRAINING)
    microbatches: int = flag(
        1, "Parts to split a pretraining batch into, to save memory.", only=PRETRAINED
    )
    precision: str = flag(
        "float32",
        "Precision of the network's arithmetic; weights and loss stay in float32. auto times"
        " float32 and mixed_bfloat16 for a few steps, where the machine has units for the second,"
        " and takes the faster; where settings are chosen it is the default.",
        PRECISIONS,
        only=TRAINING,
    )
    jit_compile: bool = flag(False, "Compile the training step with XLA.", only=(TRAINING, OFF_TPU))
    lineareval_while_pretraining: bool = flag(
        True,
        "Train a linear head alongside; the encoder gets no gradient from it.",
        only=(*PRETRAINED_SHOWN, TWO_VIEWS),
    )
    checkpoint_epochs: float = flag(
        1.0,
        "Epochs between checkpoints.",
        only=(TRAINING, unless("checkpoint_steps")),
        instead_of=("checkpoint_steps",),
    )
    checkpoint_steps: int = flag(
        0, "Steps between checkpoints; overrides checkpoint_epochs.", only=TRAINING
    )
    keep_checkpoint_max: int = flag(5, "Checkpoints to keep; 0 keeps all.", only=TRAINING)
    train_summary_steps: int = flag(
        100, "Steps between TensorBoard scalars; 0 writes none.", only=TRAINING
    )
    looks_while_pretraining: bool = flag(
        True,
        "Now and then, score the features of 1,000 training pictures, and warn if they collapse.",
        only=PRETRAINED,
    )
    keep_best: str = flag(
        "none",
        "Score of these looks by which the best weights are kept too, in the run's folder `best`.",
        KEPT_BY,
        only=(*PRETRAINED, needs("looks_while_pretraining")),
    )

    def _check(self) -> None:
        self._at_least(1, "train_batch_size", "steps_per_execution", "microbatches")
        names = ("train_steps", "checkpoint_steps", "keep_checkpoint_max", "train_summary_steps")
        self._at_least(0, *names, "train_minutes")
        self._positive("checkpoint_epochs")
        if not self.train_steps:
            self._positive("train_epochs")
