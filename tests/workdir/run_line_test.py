"""The line of a run, on a model that counts: see counting.py."""

import re
import types

import numpy as np
import pytest
from counting import counting, fit

from tf_simclr import progress
from tf_simclr.reporting.words import Shown
from tf_simclr.workdir import run_line
from tf_simclr.workdir.checkpoints import NonFinite
from tf_simclr.workdir.run_line import RecentMeans, RunLine
from tf_simclr.workdir.watching import WatchSteps

LINE = ((Shown("nothing", "nothing"), Shown("loss", "loss", 0.5)), (Shown("neither", "neither"),))


@pytest.fixture
def model():
    return counting()


@pytest.fixture
def clock(monkeypatch):
    """A second passes at each look at the clock of the run's line; none at progress' own."""
    clock = types.SimpleNamespace(now=0.0)

    def monotonic():
        clock.now += 1
        return clock.now

    monkeypatch.setattr(run_line, "time", types.SimpleNamespace(monotonic=monotonic))
    monkeypatch.setattr(progress, "BETWEEN_LINES", 0.0)
    return clock


def line(watch, total, **options):
    return RunLine(watch, total=total, batch_size=8, line=LINE, **options)


@pytest.mark.parametrize(("before", "per_execution"), [(0, 1), (0, 2), (40, 1)])
def test_it_counts_the_steps_of_the_run_and_shows_what_there_is(
    model, capsys, clock, before, per_execution
):
    watch = WatchSteps(before)
    with line(watch, before + 8) as shown:
        for _ in range(2):
            fit(model, [watch, shown], steps=4, steps_per_execution=per_execution)
    lines = capsys.readouterr().out.splitlines()
    steps = [int(re.match(r"Step (\d+)/", text)[1]) for text in lines]
    executions = list(range(before + per_execution, before + 9, per_execution))
    assert steps == executions + [before + 8] * (len(steps) - len(executions))
    assert all(text.startswith(f"Step {n}/{before + 8}") for n, text in zip(steps, lines))
    assert "nothing" not in "".join(lines) and "neither" not in "".join(lines)
    # Half of a mean of 1, 2, .. 8 that leans to the last ones; nothing at first.
    assert "loss" not in lines[0]
    values = np.arange(1, 9)
    mean = np.average(values, weights=np.exp(values / run_line.REMEMBERED))
    assert float(re.search(r"loss ([\d.]+)", lines[-1])[1]) == pytest.approx(mean / 2, abs=0.1)
    assert "left" in lines[-3] and "left" not in lines[-1]


def test_a_short_run_has_one_line_in_a_file(model, capsys):
    watch = WatchSteps()
    with line(watch, 3) as shown:
        fit(model, [watch, shown], steps=3)
    (text,) = capsys.readouterr().out.splitlines()
    assert text.startswith("Step 3/3, loss 1.")


def test_other_workers_show_nothing(model, capsys):
    watch = WatchSteps()
    with line(watch, 3, show=False) as shown:
        fit(model, [watch, shown], steps=3)
    assert capsys.readouterr().out == ""


def test_a_run_of_one_execution_is_of_no_speed(model, capsys):
    watch = WatchSteps()
    with line(watch, 3) as shown:
        fit(model, [watch, shown], steps=3, steps_per_execution=3)
    assert capsys.readouterr().out == "Step 3/3, loss 1.00\n"


def test_a_run_that_fails_at_once_shows_nothing(capsys):
    with pytest.raises(NonFinite), line(WatchSteps(), 3):
        raise NonFinite("The loss", 1)
    assert capsys.readouterr().out == ""


def test_the_speed_is_of_the_last_seconds_and_the_time_left_of_all(capsys):
    """By hand: after step 1 at 0 s, 99 steps in 99 s; then 1 step in 11 s, of 8 pictures."""
    watch = WatchSteps()
    shown = line(watch, 201)
    times = iter([*range(100), 110.0, 110.0])
    for step in range(1, 102):
        watch.step = step
        now = float(next(times))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(run_line, "time", types.SimpleNamespace(monotonic=lambda now=now: now))
            shown.on_train_batch_end(0)
            speed, left = shown._speed(), shown._left()
    assert speed == pytest.approx(8 / 11)
    assert left == pytest.approx(110 / 100 * 100)


@pytest.mark.parametrize("epochs", [1, 3])
def test_recent_means_forget_and_do_not_care_for_epochs(epochs):
    """A naive loop: each value weighs exp(-age / 20)."""
    values = np.random.default_rng(0).normal(size=60)
    means, total, count = RecentMeans(), 0.0, 0
    for step, value in enumerate(values):
        if step % (60 // epochs) == 0:
            means.begin_epoch()
            total, count = 0.0, 0
        total, count = total + value, count + 1
        means.add({"x": (total, count), "none": (0.0, 0.0)}, 1)
    weights = np.exp(-np.arange(60)[::-1] / 20)
    assert means.means() == {"x": pytest.approx(np.average(values, weights=weights))}
