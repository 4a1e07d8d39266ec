"""What happens between steps: scalars, checkpoints, and the reasons to stop."""

import contextlib
import signal
import time

import tf_keras as keras

from tf_simclr import stopping
from tf_simclr.checkpoints import Checkpoints, NonFinite
from tf_simclr.summaries import Summaries

Sums = dict[str, tuple[float, float]]  # name of a mean -> (sum, count)


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


class StopOnNonFinite(keras.callbacks.Callback):
    """Raises NonFinite before anything of a ruined step is saved."""

    def on_train_batch_end(self, batch, logs=None):
        step = self.model.first_non_finite_step()
        if step is not None:
            raise NonFinite("The loss", step + 1)  # Keras counts from 0.


class EveryFewSteps(keras.callbacks.Callback):
    """Calls `act(step, logs)` whenever the step count reaches or passes a multiple of `every`.

    Several steps may run between two calls from Keras (steps_per_execution).
    """

    def __init__(self, every: int):
        super().__init__()
        self.every = every
        self._last = 0

    def on_train_begin(self, logs=None):
        self._last = self._step()

    def on_train_batch_end(self, batch, logs=None):
        step = self._step()
        if step // self.every > self._last // self.every:
            self.act(step, logs)
        self._last = step

    def act(self, step: int, logs: dict) -> None:
        """What is done; subclasses write it.

        Args:
          step: steps done so far.
          logs: of Keras: name of a metric -> its running mean.

        Raises:
          NotImplementedError: if a subclass has not.
        """
        raise NotImplementedError

    def _step(self) -> int:
        return int(self.model.optimizer.iterations.numpy())


class MeasureWaiting(keras.callbacks.Callback):
    """Measures which share of the time `fit` waits for data; first in the list.

    What comes before the first look from Python at a `fit`, such as tracing the step and filling
    the shuffling buffer, is start-up and does not count.
    """

    def __init__(self):
        super().__init__()
        self.waited = self.passed = 0.0  # seconds, of all calls of `fit`
        self._before: tuple[float, float] | None = None

    def on_train_begin(self, logs=None):
        self._before = None

    def on_train_batch_end(self, batch, logs=None):
        now = time.monotonic(), self.model.seconds_waited()
        if self._before is not None:
            self.passed += now[0] - self._before[0]
            self.waited += now[1] - self._before[1]
        self._before = now

    def share(self) -> float | None:
        """Seconds waited / seconds passed, in [0, 1]; None before the second look."""
        return self.waited / self.passed if self.passed else None


class SaveCheckpoints(EveryFewSteps):
    """Saves every so many steps."""

    def __init__(self, checkpoints: Checkpoints, every: int):
        super().__init__(every)
        self._checkpoints = checkpoints

    def act(self, step, logs):
        self._checkpoints.save(step)


class WriteScalars(EveryFewSteps):
    """Writes the mean of each metric since the last writing, the learning rate, and the waiting.

    Keras' own means run from the beginning of the epoch; these are differences of their sums.
    """

    def __init__(self, summaries: Summaries, every: int, waiting: MeasureWaiting):
        super().__init__(every)
        self._summaries = summaries
        self._waiting = waiting
        self._looked = 0.0, 0.0  # Seconds waited and passed up to the last writing.
        self._written: Sums = {}  # Of this epoch: already in a scalar.
        self._carried: Sums = {}  # Of epochs before: not yet in one.

    def on_epoch_begin(self, epoch, logs=None):
        self._written = {}

    def on_epoch_end(self, epoch, logs=None):
        self._carried = self._unwritten()

    def act(self, step, logs):
        scalars = {"learning_rate": float(self.model.optimizer.learning_rate.numpy())}
        looks = self._waiting.waited, self._waiting.passed
        waited, passed = (now - before for now, before in zip(looks, self._looked))
        if passed:
            scalars["input/share_of_time_waiting"] = waited / passed
        self._looked = looks
        for name, (total, count) in self._unwritten().items():
            if count:
                scalars[f"train/{name}"] = total / count
        self._written, self._carried = self.model.running_sums(), {}
        self._summaries.scalars(scalars, step)

    def _unwritten(self) -> Sums:
        nothing = (0.0, 0.0)
        sums = {}
        for name, (total, count) in self.model.running_sums().items():
            (written, times), (carried, more) = (
                kind.get(name, nothing) for kind in (self._written, self._carried)
            )
            sums[name] = (total - written + carried, count - times + more)
        return sums

    def on_train_end(self, logs=None):
        self._summaries.flush()


class StopOnSignal(keras.callbacks.Callback):
    """On SIGTERM, SIGHUP or Ctrl-C: finishes the step, saves, and raises Interrupted. Last in line.

    A context manager: it has the signals from entry to exit, and raises there if one came after the
    last step. A second one does not wait for the step. Where nobody reads any more what is printed,
    it does the same as at a signal.
    """

    def __init__(self, checkpoints: Checkpoints):
        super().__init__()
        self._checkpoints = checkpoints
        self._received: int | None = None
        self._signals = contextlib.ExitStack()

    def __enter__(self):
        self._signals.enter_context(stopping.answered_by(self._note))
        return self

    def __exit__(self, kind, error, traceback):
        self._signals.close()
        if isinstance(error, BrokenPipeError) and self._received is None:
            self._received = signal.SIGPIPE
        if kind is None or isinstance(error, OSError):
            self._stop_if_asked()
        if isinstance(error, OSError):  # Of a print, between two steps.
            self._save()

    def on_train_batch_end(self, batch, logs=None):
        self._stop_if_asked()

    def _stop_if_asked(self):
        if self._received is not None:
            raise Interrupted(self._received, self._save())

    def _save(self):
        step = int(self.model.optimizer.iterations.numpy())
        self._checkpoints.save(step)
        return step

    def _note(self, number, frame):
        # The system and the shell send SIGHUP both: the second asks for nothing more.
        if self._received is not None and number != signal.SIGHUP:
            raise KeyboardInterrupt(number)
        self._received = self._received or number
