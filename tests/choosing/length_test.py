"""A run's length and rhythm; a step's time is an argument, so that nothing is timed here."""

import pytest

from tf_simclr.choosing import length


def test_steps_by_the_clock_leave_time_for_what_is_beside_them():
    # 600 s, a twentieth for the rest, 0.2 s a step: 2857 steps, rounded down to 2850.
    assert length.steps_by_clock(10, 0.2).value == 2850
    assert length.steps_by_clock(1, 0.2).value == 285
    assert length.steps_by_clock(0.001, 5.0).value == 1


@pytest.mark.parametrize(
    ("pictures", "per_step", "steps"),
    # 100 epochs of 3361 pictures are 2625 steps of 128; at least 2000; at most 30 minutes.
    [(3361, 0.1, 2620), (500, 0.1, 2000), (3361, 2.0, 857), (10**6, 0.1, 17100)],
)
def test_steps_by_the_data_are_bounded_by_a_time_that_is_said(pictures, per_step, steps):
    choice = length.steps_by_data(pictures, 128, 30.0, per_step)
    assert choice.value == steps
    by_clock = steps * per_step > 1500
    assert ("--train_minutes" in choice.reason) == by_clock


@pytest.mark.parametrize(("pictures", "steps"), [(3361, 2625), (500, 2000), (10**6, 10_000)])
def test_few_pictures_and_many_want_no_less_and_no_more_than_some_steps(pictures, steps):
    assert length.wanted_steps(pictures, 128) == steps


@pytest.mark.parametrize("steps", [1, 7, 100, 2620, 100_000])
@pytest.mark.parametrize(("pictures", "batch"), [(3361, 128), (50, 32), (10**6, 512)])
def test_the_warm_up_is_never_longer_than_a_tenth_of_the_run(steps, pictures, batch):
    epochs = length.warmup_epochs(steps, pictures, batch).value
    assert 0 <= epochs <= 10
    assert epochs * pictures / batch <= steps / 10 + 1e-9


@pytest.mark.parametrize(("per_step", "at_once"), [(None, 1), (0.02, 10), (0.1, 5), (3.0, 1)])
def test_short_steps_return_to_python_rarely(per_step, at_once):
    assert length.steps_per_execution(1000, per_step).value == at_once
    assert length.steps_per_execution(2, per_step).value == min(2, at_once)


def test_a_checkpoint_holds_two_minutes_of_work_or_a_tenth_of_the_run():
    assert length.checkpoint_steps(2620, 0.1, 5).value == 260
    assert length.checkpoint_steps(26200, 0.1, 5).value == 1200
    assert length.checkpoint_steps(3, None, 1).value == 1
    assert length.checkpoint_steps(30, 0.01, 10).value == 10


def test_curves_have_at_most_two_hundred_points():
    assert length.summary_steps(2620, 5).value == 15
    assert length.summary_steps(3, 1).value == 1
    for steps in (1, 199, 200, 2620, 10**5):
        assert steps / length.summary_steps(steps, 1).value < 400


def test_a_cpu_has_half_an_hour():
    assert length.minutes("CPU").value == 30 and length.minutes("GPU").value == 240
