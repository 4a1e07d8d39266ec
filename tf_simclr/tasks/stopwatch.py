"""Times steps of a run aloud: how long one takes, and in which precision it is faster."""

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from tf_simclr import bfloat16, replicas
from tf_simclr.assembly.machine import device_of
from tf_simclr.choosing.choice import Choice
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.tasks.timed import Timed, time_steps

AUTO, FLOAT32, BFLOAT16 = "auto", "float32", "mixed_bfloat16"
GAIN = 0.05  # of a step's time, below which float32 stays: timing is not finer


@dataclasses.dataclass(frozen=True)
class Stopwatch:
    """Times steps on data and devices, and prints what they take.

    Attributes:
      data: of the run.
      strategy: that shares a batch.
    """

    data: Source
    strategy: tf.distribute.Strategy

    def time(self, config: Config) -> Timed:
        """Times steps of a config, whose precision is not `auto`."""
        model, side, strategy = config.model, config.data.view_side, self.strategy
        half = "" if config.training.precision == FLOAT32 else ", half precision"
        print(
            f"Timing ResNet-{model.resnet_depth} x {model.width_multiplier:g} at {side} pixels,"
            f" batch {config.training.train_batch_size}{half} ...",
            end="",
            flush=True,
        )
        if workers := replicas.workers() - 1:  # Only this one times: its share of a batch.
            strategy = tf.distribute.get_strategy()
            share = config.training.train_batch_size // (workers + 1)
            config = config.replaced({"train_batch_size": share})
        timed = time_steps(config, self.data, strategy)
        print(f" {timed.per_step:.2g} s a step", flush=True)
        return timed

    def faster(self, config: Config) -> tuple[Mapping[str, Choice], Timed | None]:
        """The precision that --precision=auto leaves open; a choice only where it does.

        Args:
          config: of the step that is timed.

        Returns:
          Flag name -> choice, and what its step takes; None if nothing was timed.
        """
        if config.training.precision != AUTO:
            return {}, None
        device = device_of(config)
        units = bfloat16.units(device)
        if not units:
            reason = f"this {device} has no units for bfloat16"
            return {"precision": Choice(FLOAT32, reason)}, None
        plain, half = (self.time(config.replaced({"precision": p})) for p in (FLOAT32, BFLOAT16))
        gain = 1 - half.per_step / plain.per_step
        if gain > GAIN:
            reason = f"{100 * gain:.0f} % of a step's time saved by {units}"
            return {"precision": Choice(BFLOAT16, reason)}, half
        reason = f"{units} saves no time here"
        return {"precision": Choice(FLOAT32, reason)}, plain
