"""What happens between steps: scalars, checkpoints, and the reasons to stop."""

import contextlib
import signal
from collections.abc import Callable

import numpy as np

from tf_simclr import stopping
from tf_simclr.workdir.checkpoints import Checkpoints
from tf_simclr.workdir.summaries import Summaries
from tf_simclr.workdir.watching import Logs, MeasureWaiting, StepCallback, WatchSteps

Sums = dict[str, np.ndarray]  # name of a mean -> [sum, count]


class Interrupted(Exception):
    """A signal asked the run to stop, and its state was saved.

    Attributes:
      signal: its number.
      step: of the checkpoint.
    """

    def __init__(self, number: int, step: int):
        super().__init__(f"Stopped by {signal.Signals(number).name}; step {step} is saved.")
        self.signal = number
        self.step = step


class EveryFewSteps(StepCallback):
    """Calls `act(step)` whenever the step count reaches or passes a multiple of `every`.

    Several steps may run between two calls from Keras (steps_per_execution).

    Args:
      every: steps.
      watch: knows the step; it must come before this callback.
    """

    def __init__(self, every: int, watch: WatchSteps):
        super().__init__()
        self.every = every
        self._watch = watch
        self._last = watch.step

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        step = self._watch.step
        if step // self.every > self._last // self.every:
            self.act(step)
        self._last = step

    def act(self, step: int) -> None:
        """The action; subclasses implement it.

        Args:
          step: steps done so far.

        Raises:
          NotImplementedError: if a subclass does not.
        """
        raise NotImplementedError


class SaveCheckpoints(EveryFewSteps):
    """Saves every `every` steps, if the loss is finite."""

    def __init__(self, checkpoints: Checkpoints, every: int, watch: WatchSteps):
        super().__init__(every, watch)
        self._checkpoints = checkpoints

    def act(self, step: int) -> None:
        self._watch.look()
        self._checkpoints.save(step)


class WriteScalars(EveryFewSteps):
    """Writes each metric's mean since the last write, the learning rate and the time waited.

    Keras' own means run from the beginning of the epoch; these are differences of their sums.
    """

    def __init__(
        self, summaries: Summaries, every: int, watch: WatchSteps, waiting: MeasureWaiting
    ):
        super().__init__(every, watch)
        self._summaries = summaries
        self._waiting = waiting
        self._looked = 0.0, 0.0  # Seconds waited and passed up to the last write.
        self._written: Sums = {}  # Of this epoch: already in a scalar.
        self._carried: Sums = {}  # Of earlier epochs: not yet in one.

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._written = {}

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._carried = self._unwritten(self._watch.look().sums)

    def act(self, step: int) -> None:
        status = self._watch.look()
        scalars = {"learning_rate": status.learning_rate}
        self._waiting.look()
        looks = self._waiting.waited, self._waiting.passed
        waited, passed = (now - before for now, before in zip(looks, self._looked))
        if passed:
            scalars["input/share_of_time_waiting"] = waited / passed
        self._looked = looks
        for name, (total, count) in self._unwritten(status.sums).items():
            if count:
                scalars[f"train/{name}"] = total / count
        self._written, self._carried = status.sums, {}
        self._summaries.scalars(scalars, step)

    def _unwritten(self, sums: Sums) -> Sums:
        return {
            name: np.subtract(pair, self._written.get(name, 0)) + self._carried.get(name, 0)
            for name, pair in sums.items()
        }

    def on_train_end(self, logs: Logs = None) -> None:
        self._summaries.flush()


class StopWhenTaken(StepCallback):
    """Stops before anything is saved in a folder that another process has taken over.

    Args:
      require_held: raises ValueError once one has.
    """

    def __init__(self, require_held: Callable[[], None]):
        super().__init__()
        self._require_held = require_held

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._require_held()


class StopOnSignal(StepCallback):
    """On SIGTERM, SIGHUP or Ctrl-C: finishes the step, saves, and raises Interrupted.

    It must come after the other callbacks that save or write.

    A context manager: it handles signals from entry to exit, and raises there if one came after the
    last step. A second signal does not wait for the step. If nobody reads the output any more, it
    does the same as at a signal.
    """

    def __init__(self, checkpoints: Checkpoints, watch: WatchSteps):
        super().__init__()
        self._checkpoints = checkpoints
        self._watch = watch
        self._received: int | None = None
        self._signals = contextlib.ExitStack()

    def __enter__(self) -> "StopOnSignal":
        self._signals.enter_context(stopping.answered_by(self._note))
        return self

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        self._signals.close()
        if isinstance(error, BrokenPipeError) and self._received is None:
            self._received = signal.SIGPIPE
        if kind is None or isinstance(error, OSError):
            self._stop_if_asked()
        if isinstance(error, OSError):  # By a print between two steps.
            self._save()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._stop_if_asked()

    def _stop_if_asked(self) -> None:
        if self._received is not None:
            raise Interrupted(self._received, self._save())

    def _save(self) -> int:
        self._watch.look()
        self._checkpoints.save(self._watch.step)
        return self._watch.step

    def _note(self, number: int, frame: object) -> None:
        # Both the system and the shell send SIGHUP: the second one means nothing more.
        if self._received is not None and number != signal.SIGHUP:
            raise KeyboardInterrupt(number)
        self._received = self._received or number
