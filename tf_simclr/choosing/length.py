"""Choices of a run's length, and of what happens how often in it."""

import math

from tf_simclr.choosing.choice import Choice

EPOCHS = 100  # the fewest of SimCLR's figure 9
STEPS = (2_000, 10_000)  # at least and at most wanted, whatever the data
MINUTES = {"CPU": 30.0, "GPU": 240.0, "TPU": 240.0}  # if nobody says how long
OVERHEAD = 1.05  # checkpoints, looks and reports beside the steps themselves
WARMUP = 0.1  # share of a run: 10 of 100 epochs in the papers
LONGEST_WARMUP = 10.0  # epochs, as in the papers
EXECUTION_SECONDS = 0.5  # of the steps between two returns to Python
MOST_AT_ONCE = 10  # steps
CHECKPOINT_SECONDS = 120.0
FEWEST_CHECKPOINTS = 10
POINTS = 200  # of a curve


def wanted_steps(examples: int, batch: int) -> int:
    """Steps that the data should get: EPOCHS, within STEPS.

    Args:
      examples: of an epoch: pictures, or patches of them.
      batch: examples per step.
    """
    return min(max(EPOCHS * examples // batch, STEPS[0]), STEPS[1])


def minutes(device: str) -> Choice:
    """How long a run may take, if nobody says.

    Args:
      device: "CPU", "GPU" or "TPU".
    """
    value = MINUTES[device]
    return Choice(value, f"no more on a {device} unless --train_minutes says so")


def steps_by_clock(minutes: float, per_step: float) -> Choice:
    """Steps that fit in so many minutes.

    Args:
      minutes: of training.
      per_step: seconds that a step takes.
    """
    value = max(1, int(60 * minutes / (OVERHEAD * per_step)))
    return Choice(_round_down(value), f"{minutes:g} min of {_duration(per_step)} a step")


def steps_by_data(examples: int, batch: int, minutes: float, per_step: float) -> Choice:
    """Steps that the data should get, unless they take more than so many minutes.

    Args:
      examples: of an epoch: pictures, or patches of them.
      batch: examples per step.
      minutes: of training, at most.
      per_step: seconds that a step takes.
    """
    wanted = max(EPOCHS * examples // batch, STEPS[0])
    clock = steps_by_clock(minutes, per_step)
    if wanted <= clock.value:
        return Choice(_round_down(wanted), f"{wanted * batch / examples:.0f} epochs")
    epochs = clock.value * batch / examples
    return Choice(clock.value, f"{epochs:.3g} epochs, {minutes:g} min; more: --train_minutes=M")


def warmup_epochs(steps: int, examples: int, batch: int) -> Choice:
    """Epochs of warm-up: a tenth of the run, as in the papers, and never more than ten.

    Args:
      steps: of the run.
      examples: of an epoch: pictures, or patches of them.
      batch: examples per step.
    """
    epochs = steps * batch / examples
    value = min(LONGEST_WARMUP, math.floor(1000 * WARMUP * epochs) / 1000)
    return Choice(value, "a tenth of the run" if value < LONGEST_WARMUP else "as in the papers")


def steps_per_execution(steps: int, per_step: float | None) -> Choice:
    """Steps between two returns to Python: more where steps are short.

    Args:
      steps: of the run.
      per_step: seconds that a step takes; None if it was not timed.
    """
    if per_step is None:
        return Choice(1, "no step was timed")
    value = min(max(1, int(EXECUTION_SECONDS / per_step)), MOST_AT_ONCE, steps)
    return Choice(value, f"a step takes {_duration(per_step)}")


def checkpoint_steps(steps: int, per_step: float | None, at_once: int) -> Choice:
    """Steps between checkpoints: two minutes of work, and ten checkpoints at least.

    Args:
      steps: of the run.
      per_step: seconds that a step takes; None if it was not timed.
      at_once: steps per execution, of which it is a multiple.
    """
    value = max(1, steps // FEWEST_CHECKPOINTS)
    reason = f"{FEWEST_CHECKPOINTS} checkpoints in the run"
    if per_step and CHECKPOINT_SECONDS / per_step < value:
        value = max(1, int(CHECKPOINT_SECONDS / per_step))
        reason = f"{CHECKPOINT_SECONDS / 60:g} min of work"
    return Choice(max(1, value // at_once) * at_once, reason)


def summary_steps(steps: int, at_once: int) -> Choice:
    """Steps between the points of curves.

    Args:
      steps: of the run.
      at_once: steps per execution, of which it is a multiple.
    """
    value = max(1, steps // POINTS)
    return Choice(-(-value // at_once) * at_once, f"curves of {POINTS} points or fewer")


def _round_down(steps: int) -> int:
    """To three digits, so that lengths are easy to say: 2,347 is 2,340."""
    unit = 10 ** max(0, len(str(steps)) - 3)
    return steps // unit * unit


def _duration(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
