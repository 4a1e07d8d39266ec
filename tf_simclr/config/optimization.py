"""Flags for the optimiser."""

import dataclasses

from tf_simclr.config.choices import LEARNING_RATE_SCALINGS, OPTIMIZERS
from tf_simclr.config.fields import Section, flag
from tf_simclr.config.matters import SHOWN, TRAINING, needs_one


@dataclasses.dataclass(frozen=True)
class OptimizationConfig(Section):
    """The optimiser and its learning rate."""

    optimizer: str = flag("lars", "The optimiser.", OPTIMIZERS, only=SHOWN)
    learning_rate: float = flag(0.3, "Learning rate before scaling by batch size.", only=TRAINING)
    learning_rate_scaling: str = flag(
        "linear",
        "Multiply the learning rate by batch size / 256 (linear), or by sqrt(batch size) (sqrt).",
        LEARNING_RATE_SCALINGS,
        only=TRAINING,
    )
    warmup_epochs: float = flag(10.0, "Epochs of linear warm-up.", only=TRAINING)
    weight_decay: float = flag(1e-6, "Weight decay.", only=SHOWN)
    momentum: float = flag(
        0.9,
        "Momentum of the optimisers lars and momentum.",
        only=(TRAINING, needs_one("optimizer", "momentum", "lars")),
    )

    def _check(self) -> None:
        self._positive("learning_rate")
        self._at_least(0, "warmup_epochs", "weight_decay")
        self._require(0 <= self.momentum < 1, "momentum", "must be in [0, 1)")
