"""Flags of the optimiser."""

import dataclasses

from tf_simclr.config.fields import Section, flag, require


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
