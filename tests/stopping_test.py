"""Which code handles the signals that stop a process, and for how long."""

import os
import signal

import pytest

from tf_simclr import stopping


@pytest.mark.parametrize("number", stopping.SIGNALS, ids=lambda n: n.name)
@pytest.mark.parametrize("ignored", [False, True])
def test_the_handler_has_each_signal_meanwhile_unless_it_is_ignored(number, ignored):
    heard, before = [], signal.getsignal(number)
    mine = signal.SIG_IGN if ignored else (lambda number, frame: heard.append("outer"))
    signal.signal(number, mine)
    try:
        with stopping.answered_by(lambda number, frame: heard.append(number)):
            os.kill(os.getpid(), number)
        assert heard == ([] if ignored else [number])
        assert signal.getsignal(number) is mine or signal.getsignal(number) == mine
    finally:
        signal.signal(number, before)
