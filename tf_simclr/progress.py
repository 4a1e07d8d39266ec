"""How far long work has come: a line that is overwritten on a terminal, a few lines elsewhere.

tqdm draws on the terminal: https://github.com/tqdm/tqdm. TFDS brings it anyway, it needs nothing
else, and it also works in notebooks.
"""

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import tqdm

PATIENCE = 5.0  # seconds: work that takes less shows nothing
BETWEEN_LINES = 30.0  # seconds, where lines cannot be overwritten
BETWEEN_DRAWINGS = 0.2  # seconds, on a terminal
WIDEST = 80  # columns
NARROWEST_BAR = 5  # columns; a bar of fewer says nothing

Item = TypeVar("Item")


class Part(NamedTuple):
    """A piece of a line.

    Attributes:
      text: of the piece; "" for none.
      rank: where there is little room, the pieces of the highest rank are left out.
    """

    text: str
    rank: int = 0


class _Bar(tqdm.tqdm):
    """tqdm's bar, without its thread: whoever works also draws."""

    monitor_interval = 0


def overwrites() -> bool:
    """Whether stdout shows a line in the place of another: a terminal, or a notebook."""
    if type(sys.stdout).__module__.split(".")[0] == "ipykernel":
        return True
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """The length of the longest line that fits on the terminal, in columns; below 80."""
    # In the last column some terminals begin a new line.
    return min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns) - 1


def duration(seconds: float) -> str:
    """A time in words.

    >>> [duration(s) for s in (7.4, 200, 2400, 7500, 100000)]
    ['7 s', '3 min 20 s', '40 min', '2 h 5 min', '1 d 3 h']

    Args:
      seconds: >= 0.
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes // (24 * 60)} d {minutes % (24 * 60) // 60} h"


def fitted(parts: Sequence[Part], width: int) -> str:
    """The pieces of a line in their order, as many as fit.

    >>> fitted([Part("step 3"), Part("loss 2.1", 2), Part("4 s left", 1)], 20)
    'step 3, 4 s left'

    Args:
      parts: the pieces. The first one is always shown.
      width: of the line, in columns.
    """
    shown = [part for part in parts if part.text]
    while len(shown) > 1 and len(", ".join(part.text for part in shown)) > width:
        shown.remove(max(shown[1:], key=lambda part: part.rank))
    return ", ".join(part.text for part in shown)[: max(width, 0)]


class Progress:
    """How much of some work is done.

    On a terminal it is one line of less than 80 columns with a bar, where there is room for one. In
    a file or a pipe it is a new line every 30 seconds, and the last one. Nothing is shown before
    `patience` has passed.

    A context manager, which closes it.

    Args:
      what: is counted, at the beginning of the line: "Reading pictures".
      total: how much there is to do; None if nobody knows.
      done: how much was done before.
      patience: seconds; None is PATIENCE.
      show: whether anything is shown: only one of several workers should.
    """

    def __init__(
        self,
        what: str,
        total: int | None = None,
        *,
        done: int = 0,
        patience: float | None = None,
        show: bool = True,
    ):
        self.what = what
        self.total = total
        self.done = self._before = done
        self._show = show
        self._started = time.monotonic()
        self._drawn: float | None = None  # When; None before the first time.
        self._next = self._started + _waited(patience)
        self._parts: Sequence[Part] | None = None  # None is the time alone.
        self._bar: _Bar | None = None
        self._line = ""
        self._barless: int | None = None  # The width at which there was no room for a bar.

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def advance(self, by: int = 1) -> None:
        """Counts `by` more, and shows the time that is left."""
        self.done += by
        if self._is_due():
            self._draw()

    def update(self, done: int, parts: Sequence[Part]) -> None:
        """Shows `done` and what else is known now."""
        self.done, self._parts = done, parts
        if self._is_due():
            self._draw()

    def clear(self) -> None:
        """Makes room for what somebody else is about to print; the next drawing brings it back."""
        if self._bar is not None:
            self._bar.clear()
            self._next = 0.0

    def close(self, *, last: bool = False) -> None:
        """Shows the last state, and nothing more.

        Args:
          last: whether to show it if no earlier one was shown.
        """
        if not self._show:
            return
        if last or self._drawn is not None:
            self._draw()
        if self._bar is not None:
            self._bar.delay = 0  # It has been shown, and so its line must be ended.
            self._bar.close()
        self._show = False

    def _is_due(self) -> bool:
        return self._show and time.monotonic() >= self._next

    def _left(self) -> str:
        passed, new = time.monotonic() - self._started, self.done - self._before
        if self.total is None or self.done >= self.total or not new:
            return duration(passed)
        return f"{duration((self.total - self.done) * passed / new)} left"

    def _draw(self) -> None:
        parts = [Part(self._left())] if self._parts is None else self._parts
        counted = f"{self.done:,}" + ("" if self.total is None else f"/{self.total:,}")
        first = Part(f"{self.what} {counted}")
        if overwrites():
            self._overwrite([first, *parts])
        else:
            self._print(", ".join(part.text for part in [first, *parts] if part.text))
        self._drawn = time.monotonic()
        self._next = self._drawn + (BETWEEN_DRAWINGS if overwrites() else BETWEEN_LINES)

    def _print(self, line: str) -> None:
        if line != self._line:
            print(line, flush=True)
        self._line = line

    def _overwrite(self, parts: Sequence[Part]) -> None:
        if self._bar is None:
            self._bar = _Bar(
                total=self.total, file=sys.stdout, delay=1
            )  # Nothing before `refresh`.
        width, first = columns(), parts[0].text
        line = fitted(parts, width)
        rest = line[len(first) :].removeprefix(", ")
        room = width - len(first) - len(rest) - len(" || ")
        # Once without a bar, always without: it would come and go with the length of numbers.
        if self.total is None or room < NARROWEST_BAR:
            self._barless = width
        if self._barless != width:
            self._bar.bar_format = f"{_plain(first)} |{{bar}}| {_plain(rest)}"
        else:
            self._bar.bar_format = _plain(line)
        self._bar.n, self._bar.ncols = self.done, width
        self._bar.refresh()


def _plain(text: str) -> str:
    """A text in which `format` finds nothing to fill in."""
    return text.replace("{", "{{").replace("}", "}}")


def each(
    items: Iterable[Item],
    what: str,
    total: int | None = None,
    *,
    patience: float | None = None,
    show: bool = True,
) -> Iterator[Item]:
    """The items, while it shows how many are done, once that takes more than `patience`.

    >>> list(each([1, 2, 3], "Reading pictures", 3))
    [1, 2, 3]

    Args:
      items: the work.
      what: as Progress takes it, like `total`, `patience` and `show`.
      total: number of items; None if nobody knows.
      patience: seconds; None is PATIENCE.
      show: whether anything is shown.
    """
    with Progress(what, total, patience=patience, show=show) as progress:
        for item in items:
            yield item
            progress.advance()


@contextlib.contextmanager
def during(what: str, *, patience: float | None = None) -> Iterator[None]:
    """Prints a line about work that cannot be counted, once it takes more than `patience`.

    Args:
      what: is done: "Laying out the map".
      patience: seconds; None is PATIENCE.
    """
    started, patience = time.monotonic(), _waited(patience)
    timer = threading.Timer(patience, _say, [f"{what} ..."])
    timer.daemon = True  # It must not keep the process when that ends.
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
    passed = time.monotonic() - started
    if passed > patience:
        _say(f"{what} took {duration(passed)}.")


def _waited(patience: float | None) -> float:
    """Seconds in which nothing is shown; PATIENCE is looked up now, as tests have more of it."""
    return PATIENCE if patience is None else patience


def _say(line: str) -> None:
    with contextlib.suppress(OSError, ValueError):  # Nobody may be reading; the work goes on.
        print(line, flush=True)
