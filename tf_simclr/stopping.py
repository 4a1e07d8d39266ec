"""What stops a process and is no fault: signals, who answers them, and troubles that pass."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

# SIGHUP comes when a terminal is closed or a connection to another machine is lost.
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class NotNow(ValueError):
    """What was asked for cannot be done now; the same command may succeed later."""


@contextlib.contextmanager
def answered_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Has `handler` called at each of SIGNALS meanwhile.

    Those that the process was started to ignore, by nohup or in the background of a script, stay
    ignored.

    Args:
      handler: called as `signal.signal` says.
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
