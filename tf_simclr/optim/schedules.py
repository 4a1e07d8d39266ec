"""Learning rate: scaled by the batch, linear warm-up, cosine decay (arXiv 2002.05709, B.1, B.9)."""

import math
from typing import Any

import tensorflow as tf
import tf_keras as keras


def scaled_learning_rate(base: float, batch_size: int, scaling: str) -> float:
    """The peak learning rate for a global batch of `batch_size` images.

        linear: base * batch_size / 256        sqrt: base * sqrt(batch_size)

    Raises:
      ValueError: for another `scaling`.
    """
    if scaling == "linear":
        return base * batch_size / 256.0
    if scaling == "sqrt":
        return base * math.sqrt(batch_size)
    raise ValueError(f"`scaling` must be 'linear' or 'sqrt'. Received: scaling={scaling!r}.")


def warmup_steps(warmup_epochs: float, num_examples: int, batch_size: int) -> int:
    """Steps of warm-up: whole batches in warmup_epochs * num_examples images."""
    return int(round(warmup_epochs * num_examples // batch_size))


def train_steps(num_examples: int, batch_size: int, epochs: float, steps: int = 0) -> int:
    """Steps of the whole training: `steps` if given, else examples * epochs // batch + 1.

    This is the original's formula, which adds a step to whole epochs too.
    """
    return steps or int(num_examples * epochs // batch_size + 1)


@keras.saving.register_keras_serializable("tf_simclr")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):
    """Linear from 0 to `peak` at `warmup_steps`, then half a cosine to 0 at `total_steps`.

    arXiv 2002.05709, section 2.3; the cosine without restarts: arXiv 1608.03983.

        s < w:   peak * s / w
        s >= w:  peak * (1 + cos(pi * min(s - w, T - w) / (T - w))) / 2

    Args:
      peak: learning rate at the end of the warm-up.
      warmup_steps: w >= 0.
      total_steps: T >= 1; if T <= w, all of training is warm-up.

    Raises:
      ValueError: for a number of steps out of range.
    """

    def __init__(self, peak: float, *, warmup_steps: int, total_steps: int):
        super().__init__()
        if warmup_steps < 0 or total_steps < 1:
            raise ValueError(
                "`warmup_steps` must be at least 0 and `total_steps` at least 1. Received:"
                f" warmup_steps={warmup_steps!r}, total_steps={total_steps!r}."
            )
        self.peak = peak
        self.warmup_steps = warmup_steps
        self.total_steps = total_steps

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        warm = step / max(self.warmup_steps, 1)
        decay_steps = max(self.total_steps - self.warmup_steps, 1)
        done = tf.clip_by_value((step - self.warmup_steps) / decay_steps, 0.0, 1.0)
        cosine = 0.5 * (1.0 + tf.cos(math.pi * done))
        return self.peak * tf.where(step < self.warmup_steps, warm, cosine)

    def get_config(self) -> dict[str, Any]:
        return {
            "peak": self.peak,
            "warmup_steps": self.warmup_steps,
            "total_steps": self.total_steps,
        }


# Without a package name: .h5 files look up a schedule by its class name alone.
keras.saving.get_custom_objects()["WarmupCosine"] = WarmupCosine
