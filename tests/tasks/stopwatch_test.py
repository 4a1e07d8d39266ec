"""Which precision --precision=auto takes. No test times: steps take what the test says."""

import pytest
import tensorflow as tf

from tf_simclr import bfloat16
from tf_simclr.choosing.estimate import Sizes
from tf_simclr.config import Config
from tf_simclr.tasks import stopwatch
from tf_simclr.tasks.stopwatch import Stopwatch
from tf_simclr.tasks.timed import Timed

CONFIG = Config.from_flat({"precision": "auto", "model_dir": "nowhere"})


@pytest.fixture
def faster(monkeypatch):
    """(seconds in half precision, name of the units) -> what Stopwatch.faster gives, and asked."""

    def call(half, units="AMX", config=CONFIG):
        asked = []

        def time_steps(config, data, strategy):
            asked.append(config.training.precision)
            taken = {"float32": 1.0, "mixed_bfloat16": half}[config.training.precision]
            return Timed(taken, 5.0, Sizes(1, 1, 1))

        monkeypatch.setattr(stopwatch, "time_steps", time_steps)
        monkeypatch.setattr(bfloat16, "units", lambda device: units)
        return (*Stopwatch(None, tf.distribute.get_strategy()).faster(config), asked)

    return call


@pytest.mark.parametrize(
    ("half", "taken"), [(0.5, "mixed_bfloat16"), (0.96, "float32"), (2.0, "float32")]
)
def test_the_faster_is_taken_and_a_difference_within_the_error_is_none(faster, half, taken):
    choices, timed, asked = faster(half)
    assert choices["precision"].value == taken
    assert timed.per_step == (half if taken == "mixed_bfloat16" else 1.0)
    assert asked == ["float32", "mixed_bfloat16"]


def test_the_reason_says_what_is_saved(faster):
    assert faster(0.5)[0]["precision"].reason == "50 % of a step's time saved by AMX"


def test_without_units_nothing_is_timed(faster):
    choices, timed, asked = faster(0.5, units="")
    assert choices["precision"] == ("float32", "this CPU has no units for bfloat16")
    assert timed is None and asked == []


def test_a_precision_that_was_given_is_kept(faster):
    config = CONFIG.replaced({"precision": "mixed_float16"})
    assert faster(0.5, config=config) == ({}, None, [])
