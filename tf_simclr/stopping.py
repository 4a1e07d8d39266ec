"""What stops a process without being a bug: signals, their handlers, and passing failures."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

# SIGHUP comes when a terminal is closed or a connection to another machine is lost.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class NotNow(ValueError):
    """The command cannot be carried out now; the same one may succeed later."""


@contextlib.contextmanager
def answered_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Calls `handler` at each of SIGNALS meanwhile.

    Signals that the process was started to ignore, as by nohup or in the background of a script,
    stay ignored.

    Args:
      handler: as `signal.signal` takes it.
    """
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = {n: was for n, was in before.items() if was not in (signal.SIG_IGN, None)}
    for number in heard:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, was in heard.items():
            signal.signal(number, was)
