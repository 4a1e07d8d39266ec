"""What long work shows, by a clock of the test's own."""

import sys
import time
import types

import pytest

from tf_simclr import progress
from tf_simclr.progress import Part


@pytest.fixture
def clock(monkeypatch):
    clock = types.SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def terminal(capsys, monkeypatch):
    """A terminal of 80 columns; its value is what was written to it."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda stream: True)
    return types.SimpleNamespace(getvalue=lambda: capsys.readouterr().out)


def lines(terminal):
    return shown_of(terminal.getvalue())


def shown_of(written):
    """What the terminal's lines hold at the end: a carriage return writes over what was there."""
    shown = []
    for line in written.split("\n"):
        cells = ""
        for piece in line.split("\r"):
            cells = piece + cells[len(piece) :]
        shown.append(cells.rstrip())
    return shown


def test_short_work_shows_nothing(clock, capsys):
    for _ in progress.each(range(4), "Reading pictures", 4):
        clock.now += 1.2
    assert capsys.readouterr().out == ""


def test_elsewhere_there_is_a_line_at_times_and_a_last_one(clock, capsys):
    """Ten seconds each: the first line is due after 5 seconds, others 30 after the one before."""
    for _ in progress.each(range(6), "Reading pictures", 6):
        clock.now += 10
    assert capsys.readouterr().out.splitlines() == [
        "Reading pictures 1/6, 50 s left",
        "Reading pictures 4/6, 20 s left",
        "Reading pictures 6/6, 1 min",
    ]


def test_without_a_total_the_time_that_has_passed_is_shown(clock, capsys):
    for _ in progress.each(range(1600), "Reading pictures"):
        clock.now += 0.03125
    assert capsys.readouterr().out.splitlines() == [
        "Reading pictures 160, 5 s",
        "Reading pictures 1,120, 35 s",
        "Reading pictures 1,600, 50 s",
    ]


def test_work_that_was_done_before_takes_no_time(clock, capsys):
    with progress.Progress("Step", 1200, done=1000, patience=0) as shown:
        clock.now += 10
        shown.advance(100)
    assert "Step 1,100/1,200, 10 s left" in capsys.readouterr().out


def test_on_a_terminal_it_is_one_line_with_a_bar(clock, terminal):
    """79 columns: 23 and 5 are text, 4 around the bar; half of 47 is drawn, in eighths."""
    with progress.Progress("Reading pictures", 100, patience=0) as shown:
        for done in (10, 40, 50):
            clock.now += 1
            shown.update(done, [Part("", 1), Part("{half}")])
    (line, rest) = lines(terminal)
    assert len(line) == 79 and rest == ""
    assert line.startswith("Reading pictures 50/100 |██████████") and line.endswith(" | {half}")
    assert 21 <= line.count("█") <= 23


@pytest.mark.parametrize("width", [20, 40, 60, 80, 245])
def test_no_line_is_longer_than_the_terminal_or_80_columns(clock, terminal, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    with progress.Progress("Step", 100_000, done=12_000, patience=0) as shown:
        shown.update(
            12_345, [Part("loss 3.21"), Part("1,234 pictures/s", 2), Part("40 min left", 1)]
        )
    written = terminal.getvalue()
    assert max(len(piece) for piece in written.split("\r")) < min(width + 1, 81)
    expected = {
        20: "Step 12,345/100,000",
        40: "Step 12,345/100,000, loss 3.21",
    }
    assert shown_of(written)[0].startswith(expected.get(width, "Step 12,345/100,000 |"))


def test_other_lines_can_be_printed_in_between(clock, terminal):
    with progress.Progress("Step", 10, patience=0) as shown:
        shown.update(4, [])
        shown.clear()
        print("Exported")
        shown.update(6, [])
    first, second, _ = lines(terminal)
    assert first == "Exported" and second.startswith("Step 6/10 |")


def test_whoever_is_not_to_show_anything_does_not(clock, capsys):
    with progress.Progress("Step", 10, patience=0, show=False) as shown:
        shown.update(4, [])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("term", ["dumb", "xterm"])
def test_a_dumb_terminal_gets_whole_lines(clock, terminal, monkeypatch, term):
    monkeypatch.setenv("TERM", term)
    with progress.Progress("Step", 10, patience=0) as shown:
        shown.update(4, [])
    assert ("\r" in terminal.getvalue()) == (term == "xterm")


def test_work_that_cannot_be_counted_is_named_once_it_takes_long(capsys):
    with progress.during("Laying out the map", patience=60):
        pass
    with progress.during("Writing the page", patience=0):
        time.sleep(0.05)
    assert capsys.readouterr().out.splitlines() == [
        "Writing the page ...",
        "Writing the page took 0 s.",
    ]


@pytest.mark.parametrize(
    ("width", "expected"),
    [(7, "step 3"), (17, "step 3, 4 s left"), (27, "step 3, loss 2.1, 4 s left"), (4, "step")],
)
def test_the_least_important_is_left_out_first(width, expected):
    parts = [Part("step 3"), Part("", 9), Part("loss 2.1", 2), Part("4 s left", 1)]
    assert progress.fitted(parts, width) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (599.7, "10 min"),
        (3599, "1 h 0 min"),
        (86399, "1 d 0 h"),
    ],
)
def test_times_in_words(seconds, expected):
    assert progress.duration(seconds) == expected
