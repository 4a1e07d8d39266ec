"""Flags of how long is trained, how much at a time, and what is written on the way."""

import dataclasses

from tf_simclr.config.fields import Section, flag


@dataclasses.dataclass(frozen=True)
class TrainingConfig(Section):
    """How long, how much at a time, and what is written on the way."""

    train_batch_size: int = flag(512, "Pictures per step, over all replicas.")
    train_epochs: float = flag(100.0, "Epochs to train.")
    train_steps: int = flag(0, "Steps to train; overrides train_epochs.")
    steps_per_execution: int = flag(1, "Steps that run between two looks from Python.")
    microbatches: int = flag(
        1, "Parts that a pretraining batch is worked through in, where memory is short."
    )
    precision: str = flag(
        "float32",
        "Of the network's arithmetic; weights and loss stay in float32.",
        ("float32", "mixed_bfloat16", "mixed_float16"),
    )
    jit_compile: bool = flag(False, "Compile the training step by XLA.")
    lineareval_while_pretraining: bool = flag(
        True, "Train a linear head beside; the encoder never sees it."
    )
    checkpoint_epochs: float = flag(1.0, "Epochs between checkpoints.")
    checkpoint_steps: int = flag(0, "Steps between checkpoints; overrides checkpoint_epochs.")
    keep_checkpoint_max: int = flag(5, "Checkpoints to keep; 0 keeps all.")
    train_summary_steps: int = flag(100, "Steps between TensorBoard scalars; 0 writes none.")

    def _check(self) -> None:
        self._at_least(1, "train_batch_size", "steps_per_execution", "microbatches")
        names = ("train_steps", "checkpoint_steps", "keep_checkpoint_max", "train_summary_steps")
        self._at_least(0, *names)
        self._positive("checkpoint_epochs")
        if not self.train_steps:
            self._positive("train_epochs")
