"""Watches a training while it runs: its steps, their status on the device, and the time waited.

A read from a device waits until all earlier work is done, and then the device idles until it gets
more. So steps are counted on the host, one read per execution serves all callbacks, and it is
waited for when the device already has the next execution.
"""

import collections
import time
from collections.abc import Mapping
from concurrent import futures
from typing import Any

import tf_keras as keras

from tf_simclr.workdir.checkpoints import NonFinite

Logs = Mapping[str, Any] | None  # What Keras hands to a callback: means by name.


class StepCallback(keras.callbacks.Callback):
    """A callback for which Keras leaves the results of an execution on the device."""

    def __init__(self) -> None:
        super().__init__()
        self._supports_tf_logs = True


class WatchSteps(StepCallback):
    """Counts steps, and reads the status of each execution once.

    It must come before all callbacks that use it.

    NonFinite is raised one execution late, or by `look`, which must be called before a save.

    Attributes:
      step: how many steps of the run are done, or under way.
      status: as TrainableNet.read_status gives it, of the execution before the last or, after
        `look`, of the last; None at the beginning of an epoch.
    """

    def __init__(self, step: int = 0):
        """Args: step: how many the run has done before."""
        super().__init__()
        self.step = self._before = step
        self.status: Any = None
        # In a thread: a copy from a GPU waits for all queued work, so it must be queued at once.
        self._reader = futures.ThreadPoolExecutor(1, thread_name_prefix="status")
        self._unread: collections.deque[tuple[int, futures.Future]] = collections.deque()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._before, self.status = self.step, None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self.step = self._before + batch + 1  # `batch` is the last one, from 0 in each epoch.
        status = self._reader.submit(self.model.read_status, self.model.last_status())
        self._unread.append((self.step, status))
        self._wait_for_all_but(1)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.look()

    def look(self) -> Any:
        """Waits for the last execution; its `status`.

        Raises:
          NonFinite: if the loss of any step was NaN or infinite.
        """
        self._wait_for_all_but(0)
        return self.status

    def _wait_for_all_but(self, count: int) -> None:
        while len(self._unread) > count:
            step, status = self._unread.popleft()
            self.status = status.result()
            if self.status.since_non_finite:
                raise NonFinite("The loss", step + 1 - self.status.since_non_finite)


class MeasureWaiting(StepCallback):
    """Measures the share of the time that `fit` waits for data.

    Everything up to the end of a `fit`'s first execution, such as tracing the step and filling the
    shuffling buffer, is start-up and does not count.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waited = self.passed = 0.0  # seconds, of all calls of `fit`, up to the last `look`
        self._before: tuple[float, float] | None = None
        self._now = 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._before = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._now = time.monotonic()
        if self._before is None:
            self._before = self._now, self.model.seconds_waited()

    def on_train_end(self, logs: Logs = None) -> None:
        self.look()

    def look(self) -> None:
        """Adds the time since the last look, up to the last execution."""
        if self._before is not None:
            now = self._now, self.model.seconds_waited()
            self.passed += now[0] - self._before[0]
            self.waited += now[1] - self._before[1]
            self._before = now

    def share(self) -> float | None:
        """Seconds waited / seconds passed, in [0, 1]; None before two executions of one `fit`."""
        return self.waited / self.passed if self.passed else None
