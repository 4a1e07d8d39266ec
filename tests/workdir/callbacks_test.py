"""What happens between steps, on a Keras model that counts."""

import os
import signal

import numpy as np
import pytest
from counting import counting, fit

from tf_simclr import stopping
from tf_simclr.workdir import callbacks
from tf_simclr.workdir.checkpoints import Checkpoints, NonFinite, listed, step_of
from tf_simclr.workdir.summaries import Summaries, read_scalars
from tf_simclr.workdir.watching import MeasureWaiting, WatchSteps


@pytest.fixture
def model():
    return counting()


@pytest.fixture
def watch():
    return WatchSteps()


@pytest.fixture
def saved(model, tmp_path):
    """The checkpoints of the model, in a run's folder."""
    return Checkpoints(str(tmp_path), {"encoder": model.dense})


class Noted(callbacks.EveryFewSteps):
    def __init__(self, every, watch):
        super().__init__(every, watch)
        self.steps = []

    def act(self, step):
        self.steps.append(step)


@pytest.mark.parametrize(
    ("every", "per_execution", "steps"),
    [
        (1, 1, [1, 2, 3, 4, 5, 6, 7, 8]),
        (3, 1, [3, 6]),
        (8, 1, [8]),
        (9, 1, []),
        # Executions end at 4 and 8: the first end at or after a multiple.
        (3, 4, [4, 8]),
        (5, 4, [8]),
        (1, 4, [4, 8]),
    ],
)
def test_acts_at_or_after_each_multiple(model, watch, every, per_execution, steps):
    noted = Noted(every, watch)
    fit(model, [watch, noted], steps=8, steps_per_execution=per_execution)
    assert noted.steps == steps


def test_multiples_count_from_the_first_step_of_the_run(model, watch):
    noted = Noted(3, watch)
    fit(model, [watch, noted], steps=2)
    fit(model, [watch, noted], steps=2)
    fit(model, [watch, noted], steps=4)
    assert noted.steps == [3, 6]


def test_what_is_done_is_the_subclass_s(model, watch):
    with pytest.raises(NotImplementedError):
        fit(model, [watch, callbacks.EveryFewSteps(1, watch)], steps=1)


def test_checkpoints_are_saved_every_few_steps(model, saved, watch, tmp_path):
    fit(model, [watch, callbacks.SaveCheckpoints(saved, 3, watch)], steps=7)
    assert [step_of(path) for path in listed(str(tmp_path))] == [3, 6]


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_scalars_are_means_since_the_last_writing(model, watch, tmp_path, epochs):
    """However epochs fall. By hand: (1 + .. + 5) / 5 = 3 and (6 + .. + 10) / 5 = 8."""
    waiting = MeasureWaiting()
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 5, watch, waiting)
    fit(model, [watch, waiting, writer], steps=12 // epochs, epochs=epochs)
    steps, values = read_scalars(str(tmp_path))["train/loss"]
    assert steps.tolist() == [5, 10]
    np.testing.assert_allclose(values, [3.0, 8.0])
    # The rate that was taken, of steps counted from 0: 1 - 4 / 100 and 1 - 9 / 100.
    np.testing.assert_allclose(read_scalars(str(tmp_path))["learning_rate"][1], [0.96, 0.91])


def test_scalars_go_on_over_calls_of_fit(model, watch, tmp_path):
    waiting = MeasureWaiting()
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 5, watch, waiting)
    for steps in (3, 4, 3):
        fit(model, [watch, waiting, writer], steps=steps)
    np.testing.assert_allclose(read_scalars(str(tmp_path))["train/loss"][1], [3.0, 8.0])


def test_the_share_of_waiting_is_written(model, watch, tmp_path):
    waiting = MeasureWaiting()
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 2, watch, waiting)
    fit(model, [watch, waiting, writer], steps=4)
    steps, values = read_scalars(str(tmp_path))["input/share_of_time_waiting"]
    assert steps.tolist() == [2, 4]
    assert ((values >= 0) & (values < 1)).all()


@pytest.mark.parametrize("per_execution", [1, 2, 4])
def test_a_loss_that_is_not_finite_stops_before_anything_is_saved(
    model, saved, watch, tmp_path, per_execution
):
    model.bad_step = 3
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 1, watch, MeasureWaiting())
    save = callbacks.SaveCheckpoints(saved, 1, watch)
    with pytest.raises(NonFinite, match="The loss of step 3 is not a finite number") as caught:
        fit(model, [watch, save, writer], steps=8, steps_per_execution=per_execution)
    assert caught.value.step == 3
    good = {1: [1, 2], 2: [2], 4: []}[per_execution]
    assert [step_of(path) for path in listed(str(tmp_path))] == good
    writer.on_train_end()  # On disk, too.
    assert list(read_scalars(str(tmp_path)).get("train/loss", [[]])[0]) == good


def test_a_signal_saves_nothing_of_a_loss_that_is_not_finite(
    model, saved, watch, tmp_path, handlers
):
    model.bad_step = 3
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(NonFinite, match="step 3"), stop:
        fit(model, [watch, Send(signal.SIGTERM, 3, watch), stop], steps=8)
    assert listed(str(tmp_path)) == []


class Send(Noted):
    """Sends this process a signal at a step."""

    def __init__(self, number, at, watch):
        super().__init__(1, watch)
        self.number, self.at = number, at

    def act(self, step):
        if step == self.at:
            os.kill(os.getpid(), self.number)


@pytest.fixture
def handlers():
    """Whoever has the signals before: functions of this test's own."""
    own = [lambda number, frame: None for _ in stopping.SIGNALS]
    before = [signal.signal(n, mine) for n, mine in zip(stopping.SIGNALS, own)]
    yield own
    for number, handler in zip(stopping.SIGNALS, before):
        signal.signal(number, handler)


@pytest.mark.parametrize("number", stopping.SIGNALS, ids=lambda n: n.name)
def test_a_signal_saves_the_step_and_stops(model, saved, watch, tmp_path, handlers, number):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(callbacks.Interrupted) as caught, stop:
        fit(model, [watch, Send(number, 3, watch), stop], steps=8)
    assert (caught.value.signal, caught.value.step) == (number, 3)
    assert str(caught.value) == f"Stopped by {number.name}; step 3 is saved."
    assert [step_of(path) for path in listed(str(tmp_path))] == [3]
    assert [signal.getsignal(n) for n in stopping.SIGNALS] == handlers


def test_a_signal_after_the_last_step_is_not_lost(model, saved, watch, tmp_path):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(callbacks.Interrupted), stop:
        fit(model, [watch, stop], steps=2)
        os.kill(os.getpid(), signal.SIGTERM)
    assert [step_of(path) for path in listed(str(tmp_path))] == [2]


def test_a_second_signal_does_not_wait(model, saved, watch, tmp_path):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(KeyboardInterrupt) as caught, stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.args == (signal.SIGTERM,)
    assert listed(str(tmp_path)) == []


def test_a_terminal_that_is_closed_may_say_so_twice(model, saved, watch, tmp_path, handlers):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(callbacks.Interrupted, match="Stopped by SIGHUP; step 1 is saved"), stop:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
        fit(model, [watch, stop], steps=2)


def test_a_signal_that_was_ignored_before_stays_ignored(model, saved, watch, tmp_path, handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup starts a program.
    with callbacks.StopOnSignal(saved, watch) as stop:
        fit(model, [watch, Send(signal.SIGHUP, 1, watch), stop], steps=2)
        assert int(model.optimizer.iterations) == 2
    assert listed(str(tmp_path)) == []
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


class Fail(Noted):
    """Stands for Keras, whose line of progress cannot be printed."""

    def __init__(self, error, at, watch):
        super().__init__(1, watch)
        self.error, self.at = error, at

    def act(self, step):
        if step == self.at:
            raise self.error


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (BrokenPipeError(32, "Broken pipe"), callbacks.Interrupted),
        (OSError(28, "No space left on device"), OSError),
        (OSError(5, "Input/output error"), OSError),
    ],
    ids=["pipe", "disk", "terminal"],
)
def test_what_cannot_be_printed_stops_the_run_and_saves_the_step(
    model, saved, watch, tmp_path, error, raised
):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(raised) as caught, stop:
        fit(model, [watch, stop, Fail(error, 3, watch)], steps=8)
    if raised is callbacks.Interrupted:
        assert (caught.value.signal, caught.value.step) == (signal.SIGPIPE, 3)
    assert [step_of(path) for path in listed(str(tmp_path))] == [3]


def test_any_other_error_saves_nothing(model, saved, watch, tmp_path):
    stop = callbacks.StopOnSignal(saved, watch)
    with pytest.raises(RuntimeError), stop:
        fit(model, [watch, stop, Fail(RuntimeError("a bug"), 3, watch)], steps=8)
    assert listed(str(tmp_path)) == []


def test_without_a_signal_nothing_is_saved_and_the_handlers_come_back(
    model, saved, watch, tmp_path, handlers
):
    with callbacks.StopOnSignal(saved, watch) as stop:
        fit(model, [watch, stop], steps=2)
    assert listed(str(tmp_path)) == []
    assert [signal.getsignal(n) for n in stopping.SIGNALS] == handlers
