"""What is known while a model trains, on one that counts: see counting.py."""

import pytest
from counting import counting, fit

from tf_simclr.workdir import watching
from tf_simclr.workdir.checkpoints import NonFinite


@pytest.fixture
def model():
    return counting()


@pytest.fixture
def watch():
    return watching.WatchSteps()


class Note(watching.StepCallback):
    """Notes step and status after each execution."""

    def __init__(self, watch, look=False):
        super().__init__()
        self.watch, self.look, self.noted = watch, look, []

    def on_train_batch_end(self, batch, logs=None):
        status = self.watch.look() if self.look else self.watch.status
        self.noted.append((self.watch.step, status and status.means["loss"]))


@pytest.mark.parametrize(
    ("per_execution", "noted"),
    # Means of 1, 2, ... in each epoch of four, one execution late.
    [
        (1, [(1, None), (2, 1), (3, 1.5), (4, 2), (5, None), (6, 5), (7, 5.5), (8, 6)]),
        (2, [(2, None), (4, 1.5), (6, None), (8, 5.5)]),
        (3, [(3, None), (4, 2), (7, None), (8, 6)]),
    ],
)
def test_steps_are_counted_and_the_status_is_of_the_execution_before(
    model, watch, per_execution, noted
):
    note = Note(watch)
    fit(model, [watch, note], steps=4, epochs=2, steps_per_execution=per_execution)
    assert note.noted == noted


def test_a_look_waits_for_the_last_execution(model, watch):
    note = Note(watch, look=True)
    fit(model, [watch, note], steps=3)
    fit(model, [watch, note], steps=2)
    assert note.noted == [(1, 1), (2, 1.5), (3, 2), (4, 4), (5, 4.5)]


def test_a_run_goes_on_counting(model):
    watch = watching.WatchSteps(40)
    fit(model, [watch], steps=3)
    assert watch.step == 43


@pytest.mark.parametrize("per_execution", [1, 3])
@pytest.mark.parametrize("bad_step", [1, 4, 6])
def test_the_first_loss_that_is_not_finite_is_named_before_the_epoch_is_over(
    model, per_execution, bad_step
):
    model.bad_step = bad_step
    with pytest.raises(NonFinite) as caught:
        fit(model, [watching.WatchSteps(100)], steps=6, steps_per_execution=per_execution)
    assert caught.value.step == 100 + bad_step


class Clock:
    """Of a model: one second of waiting more at each look."""

    def __init__(self):
        self.seconds = 0.0

    def seconds_waited(self):
        self.seconds += 1.0
        return self.seconds


def test_the_share_of_waiting_leaves_out_what_comes_before_the_first_look(monkeypatch):
    times = iter([10.0, 14.0, 16.0, 100.0, 110.0])  # Between looks of one fit: 4, 2, then 10.
    monkeypatch.setattr(watching.time, "monotonic", lambda: next(times))
    waiting = watching.MeasureWaiting()
    waiting.set_model(Clock())
    assert waiting.share() is None
    for looks in (3, 2):
        waiting.on_train_begin()
        for batch in range(looks):
            waiting.on_train_batch_end(batch)
        waiting.on_train_end()
    assert (waiting.waited, waiting.passed) == (2, 16)
    assert waiting.share() == 2 / 16


def test_one_execution_says_nothing_of_waiting(model):
    waiting = watching.MeasureWaiting()
    fit(model, [waiting], steps=3, steps_per_execution=3)
    assert waiting.share() is None
