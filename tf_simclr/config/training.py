"""Sections of a config that say how a network is trained, one field a flag.

Names and defaults are those of the original SimCLR's flags.
"""

import dataclasses
import re

from tf_simclr.config.fields import Section, flag, require

LINEAR_HEAD_ONLY = 4  # --fine_tune_after_block: all four groups are frozen.


@dataclasses.dataclass(frozen=True)
class OptimizationConfig(Section):
    """How weights move."""

    optimizer: str = flag("lars", "The optimiser.", ("momentum", "adam", "lars", "lamb"))
    learning_rate: float = flag(0.3, "Before it is scaled by the batch.")
    learning_rate_scaling: str = flag(
        "linear", "By batch / 256, or by its root.", ("linear", "sqrt")
    )
    warmup_epochs: float = flag(10.0, "Epochs of linear warm-up.")
    weight_decay: float = flag(1e-6, "Weight decay.")
    momentum: float = flag(0.9, "Of LARS and momentum.")

    def _check(self) -> None:
        self._positive("learning_rate")
        self._at_least(0, "warmup_epochs", "weight_decay")
        require(0 <= self.momentum < 1, "momentum", "must be in [0, 1)", self.momentum)


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


@dataclasses.dataclass(frozen=True)
class FinetuningConfig(Section):
    """What training starts from, and which part of it moves."""

    checkpoint: str | None = flag(
        None, "Run folder, checkpoint, export or released model to start from.", path=True
    )
    zero_init_logits_layer: bool = flag(False, "Start the classifier at zero logits.")
    fine_tune_after_block: int = flag(
        -1, "What to train: -1 all, 0 after the stem, k after group k, 4 the linear head only."
    )
    frozen_batch_norm: str = flag(
        "inference",
        "Whether batch norm of what does not train stands still, or trains on as in the original.",
        ("inference", "training"),
    )
    ft_proj_selector: int = flag(
        0,
        "Layer of the projection head that the classifier, or the linear head of a pretraining,"
        " reads: 0 the encoder's output, -1 the last.",
    )
    variable_schema: str | None = flag(
        None,
        "What of --checkpoint is restored, by a regular expression of the names that TF1 used: of"
        " base_model/, head_contrastive/ and head_supervised/ each is taken whole. None is all.",
    )
    use_ema_weights: bool = flag(
        False, "Take the moving average of the weights that a checkpoint may hold."
    )

    def _check(self) -> None:
        block = self.fine_tune_after_block
        rule = f"must be from -1 to {LINEAR_HEAD_ONLY}"
        require(-1 <= block <= LINEAR_HEAD_ONLY, "fine_tune_after_block", rule, block)
        require(self.checkpoint != "", "checkpoint", "must be a path, or left out", "")
        try:
            self.restores("")
        except (re.error, OverflowError, RecursionError) as error:
            rule = f"must be a regular expression ({error})"
            require(False, "variable_schema", rule, self.variable_schema)

    def restores(self, name: str) -> bool:
        """Whether `variable_schema` takes the variable that TF1's code called `name`."""
        return self.variable_schema is None or bool(re.match(self.variable_schema, name))


@dataclasses.dataclass(frozen=True)
class DistillationConfig(Section):
    """Whom a student learns from, with --train_mode=distill."""

    teacher: str | None = flag(
        None, "Run, checkpoint, export or any SavedModel that gives class logits.", path=True
    )
    distill_temperature: float = flag(1.0, "Of the softmax of teacher and student.")
    distill_alpha: float = flag(
        1.0, "Weight of the teacher's word; the labels have the rest. 1 needs no labels."
    )

    def _check(self) -> None:
        require(self.teacher != "", "teacher", "must be a path, or left out", "")
        self._positive("distill_temperature")
        self._shares("distill_alpha")
