"""The line that shows how far a whole run has come, from what is read of its steps anyway."""

import collections
import contextlib
import math
import time
from collections.abc import Mapping, Sequence

from tf_simclr import progress
from tf_simclr.progress import Part, Progress
from tf_simclr.reporting.words import Shown
from tf_simclr.workdir.watching import Logs, StepCallback, WatchSteps

REMEMBERED = 20.0  # steps: means on the line are of about so many
SPEED_OF = 10.0  # seconds: so many, the last ones, give the pictures a second

Sums = Mapping[str, tuple[float, float]]  # name of a mean -> (sum, count)


class RecentMeans:
    """Means of the last steps, which older ones leave step by step, over all epochs.

    With w = exp(-steps / REMEMBERED) at each call,

        sum   <- w * sum   + what has come to the epoch's sum
        count <- w * count + what has come to the epoch's count
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}  # Of this epoch.
        self._kept: dict[str, tuple[float, float]] = {}

    def begin_epoch(self) -> None:
        """The sums begin at 0 again."""
        self._seen = {}

    def add(self, sums: Sums, steps: int) -> None:
        """Takes the sums and counts of an epoch, `steps` steps after the last ones."""
        weight = math.exp(-steps / REMEMBERED)
        for name, (total, count) in sums.items():
            seen, kept = self._seen.get(name, (0.0, 0.0)), self._kept.get(name, (0.0, 0.0))
            self._kept[name] = tuple(
                weight * old + new - before
                for old, new, before in zip(kept, (total, count), seen, strict=True)
            )  # type: ignore[assignment]
        self._seen = dict(sums)

    def means(self) -> dict[str, float]:
        """Name -> mean, without means of nothing."""
        return {name: total / count for name, (total, count) in self._kept.items() if count > 1e-6}


class RunLine(StepCallback):
    """Shows a run's progress: step of steps, its means, pictures a second, and the time left.

    Only what was read already is shown: the means are one execution behind. A context manager,
    which shows the last state. It must come after the `watch`.

    Args:
      watch: of the run.
      total: the run's last step.
      batch_size: pictures of a step, over all replicas.
      line: what to show; of each group the first mean that there is.
      show: whether this process shows anything.
    """

    def __init__(
        self,
        watch: WatchSteps,
        *,
        total: int,
        batch_size: int,
        line: Sequence[Sequence[Shown]],
        show: bool = True,
    ):
        super().__init__()
        self._watch = watch
        self._total = total
        self._batch_size = batch_size
        self._groups = line
        self._means = RecentMeans()
        self._of_step = watch.step  # The last one in `_means`.
        self._first: tuple[float, int] | None = None  # (time, step) after the first execution
        self._recent: collections.deque[tuple[float, int]] = collections.deque()
        patience = 0.0 if progress.overwrites() else progress.BETWEEN_LINES
        self._progress = Progress("Step", total, done=watch.step, patience=patience, show=show)

    def __enter__(self) -> "RunLine":
        if progress.overwrites():
            self._progress.update(self._watch.step, [Part("starting")])
        return self

    def __exit__(self, kind: object, error: object, traceback: object) -> None:
        with contextlib.suppress(*([OSError] if error else [])):  # It is not the news then.
            if self._first:
                self._progress.update(self._watch.step, self._parts())
                self._progress.close(last=error is None)
            else:
                self._progress.close()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._means.begin_epoch()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        now = time.monotonic(), self._watch.step
        self._first = self._first or now
        self._recent.append(now)
        while len(self._recent) > 2 and now[0] - self._recent[1][0] > SPEED_OF:
            self._recent.popleft()
        self._take()
        self._progress.update(self._watch.step, self._parts())

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._take()

    def clear(self) -> None:
        """Makes room for what others print."""
        self._progress.clear()

    def say(self, text: str) -> None:
        """Prints a line of its own."""
        self.clear()
        print(text, flush=True)

    def _take(self) -> None:
        if self._watch.status:
            self._means.add(self._watch.status.sums, self._watch.step - self._of_step)
            self._of_step = self._watch.step

    def _parts(self) -> list[Part]:
        means = self._means.means()
        found = [next((s for s in group if s.mean in means), None) for group in self._groups]
        shown = [shown.text(means[shown.mean]) for shown in found if shown]
        speed, left = self._speed(), self._left()
        return [
            *(Part(text, rank) for rank, text in enumerate(shown, start=1)),
            Part(f"{speed:,.{0 if speed >= 10 else 1}f} pictures/s" if speed else "", 9),
            Part(f"{progress.duration(left)} left" if left else "", 0),
        ]

    def _speed(self) -> float:
        """Pictures a second; 0 if nobody knows yet."""
        (begun, first), (now, last) = self._recent[0], self._recent[-1]
        return (last - first) * self._batch_size / (now - begun) if now > begun else 0.0

    def _left(self) -> float:
        """Seconds to the run's last step, if it goes on as it went; 0 if nobody knows yet.

        Start-up, such as tracing the step, does not count; pauses, such as savings, do.
        """
        if self._first is None or self._watch.step == self._first[1]:
            return 0.0
        passed, done = time.monotonic() - self._first[0], self._watch.step - self._first[1]
        return passed * (self._total - self._watch.step) / done
