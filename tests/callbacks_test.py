"""What happens between steps, on a Keras model that counts."""

import os
import signal

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import callbacks, stopping
from tf_simclr.checkpoints import Checkpoints, NonFinite, listed, step_of
from tf_simclr.nets.timed_steps import TimedSteps
from tf_simclr.summaries import Summaries, read_scalars


class Counting(TimedSteps):
    """Its loss at step s = 1, 2, ... is s; not a number at `bad_step`."""

    def __init__(self, bad_step=None):
        super().__init__()
        self.dense = keras.layers.Dense(1)
        self.running = keras.metrics.Mean(name="loss")
        self.bad_step = bad_step

    def train_step(self, data):
        step = tf.cast(self.optimizer.iterations, tf.float32) + 1.0
        self.optimizer.apply_gradients([(tf.zeros([1, 1]), self.dense.kernel)])
        self.running.update_state(step)
        return {"loss": self.running.result()}

    @property
    def metrics(self):
        return [self.running]

    def running_sums(self):
        return {"loss": (float(self.running.total), float(self.running.count))}

    def first_non_finite_step(self):
        """As TrainableNet's: from 0, None while all is well."""
        done = int(self.optimizer.iterations.numpy())
        return self.bad_step if self.bad_step is not None and done > self.bad_step else None


@pytest.fixture
def model():
    net = Counting()
    net.dense.build([None, 1])
    return net


def fit(model, callbacks, *, steps, epochs=1, steps_per_execution=1):
    schedule = keras.optimizers.schedules.PolynomialDecay(1.0, 100, 0.0)
    if model.optimizer is None:
        model.compile(keras.optimizers.SGD(schedule), steps_per_execution=steps_per_execution)
    data = tf.data.Dataset.from_tensors(tf.zeros([1, 1])).repeat()
    model.fit(data, steps_per_epoch=steps, epochs=epochs, callbacks=callbacks, verbose=0)


class Noted(callbacks.EveryFewSteps):
    def __init__(self, every):
        super().__init__(every)
        self.steps = []

    def act(self, step, logs):
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
def test_acts_at_or_after_each_multiple(model, every, per_execution, steps):
    noted = Noted(every)
    fit(model, [noted], steps=8, steps_per_execution=per_execution)
    assert noted.steps == steps


def test_multiples_count_from_the_first_step_of_the_run(model):
    noted = Noted(3)
    fit(model, [noted], steps=2)
    fit(model, [noted], steps=2)
    fit(model, [noted], steps=4)
    assert noted.steps == [3, 6]


def test_what_is_done_is_the_subclass_s(model):
    with pytest.raises(NotImplementedError):
        fit(model, [callbacks.EveryFewSteps(1)], steps=1)


def test_checkpoints_are_saved_every_few_steps(model, tmp_path):
    saved = Checkpoints(str(tmp_path), {"encoder": model.dense})
    fit(model, [callbacks.SaveCheckpoints(saved, 3)], steps=7)
    assert [step_of(path) for path in listed(str(tmp_path))] == [3, 6]


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_scalars_are_means_since_the_last_writing(model, tmp_path, epochs):
    """However epochs fall. By hand: (1 + .. + 5) / 5 = 3 and (6 + .. + 10) / 5 = 8."""
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 5, callbacks.MeasureWaiting())
    fit(model, [writer], steps=12 // epochs, epochs=epochs)
    steps, values = read_scalars(str(tmp_path))["train/loss"]
    assert steps.tolist() == [5, 10]
    np.testing.assert_allclose(values, [3.0, 8.0])
    # The rate that was taken, of steps counted from 0: 1 - 4 / 100 and 1 - 9 / 100.
    np.testing.assert_allclose(read_scalars(str(tmp_path))["learning_rate"][1], [0.96, 0.91])


def test_scalars_go_on_over_calls_of_fit(model, tmp_path):
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 5, callbacks.MeasureWaiting())
    for steps in (3, 4, 3):
        fit(model, [writer], steps=steps)
    np.testing.assert_allclose(read_scalars(str(tmp_path))["train/loss"][1], [3.0, 8.0])


class Clock:
    """Of a model: one second of waiting more at each look."""

    def __init__(self):
        self.seconds = 0.0

    def seconds_waited(self):
        self.seconds += 1.0
        return self.seconds


def test_the_share_of_waiting_leaves_out_what_comes_before_the_first_look(monkeypatch):
    times = iter([10.0, 14.0, 16.0, 100.0, 110.0])  # Between looks of one fit: 4, 2, then 10.
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: next(times))
    waiting = callbacks.MeasureWaiting()
    waiting.set_model(Clock())
    assert waiting.share() is None
    for looks in (3, 2):
        waiting.on_train_begin()
        for batch in range(looks):
            waiting.on_train_batch_end(batch)
    assert waiting.share() == 3 / 16


def test_the_share_of_waiting_is_written(model, tmp_path):
    waiting = callbacks.MeasureWaiting()
    writer = callbacks.WriteScalars(Summaries(str(tmp_path)), 2, waiting)
    fit(model, [waiting, writer], steps=4)
    steps, values = read_scalars(str(tmp_path))["input/share_of_time_waiting"]
    assert steps.tolist() == [2, 4]
    assert ((values >= 0) & (values < 1)).all()


def test_a_loss_that_is_not_finite_stops_before_anything_is_saved(model, tmp_path):
    model.bad_step = 2  # From 0: the third.
    saved = Checkpoints(str(tmp_path), {"encoder": model.dense})
    stop, save = callbacks.StopOnNonFinite(), callbacks.SaveCheckpoints(saved, 1)
    with pytest.raises(NonFinite, match="The loss of step 3 is not a finite number") as caught:
        fit(model, [stop, save], steps=8)
    assert caught.value.step == 3
    assert [step_of(path) for path in listed(str(tmp_path))] == [1, 2]


class Send(Noted):
    """Sends this process a signal at a step."""

    def __init__(self, number, at):
        super().__init__(1)
        self.number, self.at = number, at

    def act(self, step, logs):
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
def test_a_signal_saves_the_step_and_stops(model, tmp_path, handlers, number):
    saved = Checkpoints(str(tmp_path), {"encoder": model.dense})
    stop = callbacks.StopOnSignal(saved)
    with pytest.raises(callbacks.Interrupted) as caught, stop:
        fit(model, [Send(number, at=3), stop], steps=8)
    assert (caught.value.signal, caught.value.step) == (number, 3)
    assert str(caught.value) == f"Stopped by {number.name}; step 3 is saved."
    assert [step_of(path) for path in listed(str(tmp_path))] == [3]
    assert [signal.getsignal(n) for n in stopping.SIGNALS] == handlers


def test_a_signal_after_the_last_step_is_not_lost(model, tmp_path):
    saved = Checkpoints(str(tmp_path), {"encoder": model.dense})
    stop = callbacks.StopOnSignal(saved)
    with pytest.raises(callbacks.Interrupted), stop:
        fit(model, [stop], steps=2)
        os.kill(os.getpid(), signal.SIGTERM)
    assert [step_of(path) for path in listed(str(tmp_path))] == [2]


def test_a_second_signal_does_not_wait(model, tmp_path):
    stop = callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense}))
    with pytest.raises(KeyboardInterrupt) as caught, stop:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.args == (signal.SIGTERM,)
    assert listed(str(tmp_path)) == []


def test_a_terminal_that_is_closed_may_say_so_twice(model, tmp_path, handlers):
    stop = callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense}))
    with pytest.raises(callbacks.Interrupted, match="Stopped by SIGHUP; step 1 is saved"), stop:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
        fit(model, [stop], steps=2)


def test_a_signal_that_was_ignored_before_stays_ignored(model, tmp_path, handlers):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # As nohup starts a program.
    with callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense})) as stop:
        fit(model, [Send(signal.SIGHUP, at=1), stop], steps=2)
        assert int(model.optimizer.iterations) == 2
    assert listed(str(tmp_path)) == []
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


class Fail(Noted):
    """Stands for Keras, whose line of progress cannot be printed."""

    def __init__(self, error, at):
        super().__init__(1)
        self.error, self.at = error, at

    def act(self, step, logs):
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
def test_what_cannot_be_printed_stops_the_run_and_saves_the_step(model, tmp_path, error, raised):
    stop = callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense}))
    with pytest.raises(raised) as caught, stop:
        fit(model, [stop, Fail(error, at=3)], steps=8)
    if raised is callbacks.Interrupted:
        assert (caught.value.signal, caught.value.step) == (signal.SIGPIPE, 3)
    assert [step_of(path) for path in listed(str(tmp_path))] == [3]


def test_any_other_error_saves_nothing(model, tmp_path):
    stop = callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense}))
    with pytest.raises(RuntimeError), stop:
        fit(model, [stop, Fail(RuntimeError("a bug"), at=3)], steps=8)
    assert listed(str(tmp_path)) == []


def test_without_a_signal_nothing_is_saved_and_the_handlers_come_back(model, tmp_path, handlers):
    with callbacks.StopOnSignal(Checkpoints(str(tmp_path), {"encoder": model.dense})) as stop:
        fit(model, [stop], steps=2)
    assert listed(str(tmp_path)) == []
    assert [signal.getsignal(n) for n in stopping.SIGNALS] == handlers
