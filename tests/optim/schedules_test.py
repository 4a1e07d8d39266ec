"""The learning rate by hand: its peak, its steps, its two halves and their edges."""

import math

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.optim.schedules import (
    WarmupCosine,
    scaled_learning_rate,
    train_steps,
    warmup_steps,
)


@pytest.mark.parametrize(
    ("batch_size", "scaling", "expected"),
    # 0.3 * 512 / 256; 0.3 * 4096 / 256; 0.075 * sqrt(4096): arXiv 2002.05709, B.1
    [(512, "linear", 0.6), (4096, "linear", 4.8), (256, "sqrt", 4.8), (4096, "sqrt", 19.2)],
)
def test_peak_scales_with_the_batch(batch_size, scaling, expected):
    assert scaled_learning_rate(0.3, batch_size, scaling) == pytest.approx(expected)


def test_unknown_scaling_is_an_error():
    with pytest.raises(ValueError, match="`scaling` must be.*Received: scaling='cubic'"):
        scaled_learning_rate(0.3, 256, "cubic")


@pytest.mark.parametrize(
    ("epochs", "examples", "batch", "expected"),
    [
        (10.0, 1_281_167, 512, 25022),  # 12811670 / 512 = 25022.79
        (0.5, 100, 8, 6),  # 50 / 8 = 6.25
        (0.0, 100, 8, 0),
    ],
)
def test_warmup_is_whole_batches(epochs, examples, batch, expected):
    assert warmup_steps(epochs, examples, batch) == expected


@pytest.mark.parametrize(
    ("examples", "batch", "epochs", "steps", "expected"),
    [
        (100, 8, 2, 0, 26),  # 200 / 8 = 25, and one
        (100, 7, 1, 0, 15),  # 100 / 7 = 14.3
        (100, 8, 2, 3, 3),  # steps override epochs
    ],
)
def test_training_is_one_step_more_than_epochs_fill(examples, batch, epochs, steps, expected):
    assert train_steps(examples, batch, epochs, steps) == expected


@pytest.mark.parametrize(("peak", "warmup", "total"), [(2.0, 4, 12), (0.3, 10, 110)])
def test_rises_in_a_line_and_falls_by_a_cosine(peak, warmup, total):
    schedule = WarmupCosine(peak, warmup_steps=warmup, total_steps=total)
    decay = total - warmup
    by_hand = {
        0: 0.0,
        warmup // 2: peak / 2,
        warmup: peak,
        warmup + decay // 4: peak * (1 + math.sqrt(0.5)) / 2,  # cos(pi / 4)
        warmup + decay // 2: peak / 2,
        total: 0.0,
        total + 5: 0.0,
    }
    values = [float(schedule(tf.constant(step, tf.int64))) for step in by_hand]
    np.testing.assert_allclose(values, list(by_hand.values()), atol=3e-7 * peak)


def test_without_warmup_starts_at_the_peak():
    schedule = WarmupCosine(0.5, warmup_steps=0, total_steps=10)
    values = [float(schedule(step)) for step in (0, 5, 10)]
    np.testing.assert_allclose(values, [0.5, 0.25, 0.0], atol=1e-7)


@pytest.mark.parametrize("total", [5, 8])
def test_training_no_longer_than_the_warmup_stays_in_it(total):
    schedule = WarmupCosine(1.0, warmup_steps=8, total_steps=total)
    values = [float(schedule(step)) for step in range(total)]
    np.testing.assert_allclose(values, np.arange(total) / 8)


@pytest.mark.parametrize(("warmup", "total"), [(-1, 10), (0, 0)])
def test_impossible_steps_are_an_error(warmup, total):
    message = f"Received: warmup_steps={warmup}, total_steps={total}"
    with pytest.raises(ValueError, match=message):
        WarmupCosine(1.0, warmup_steps=warmup, total_steps=total)


def test_survives_serialisation():
    schedule = WarmupCosine(0.7, warmup_steps=3, total_steps=9)
    config = keras.optimizers.schedules.serialize(schedule)
    again = keras.optimizers.schedules.deserialize(config, {"WarmupCosine": WarmupCosine})
    assert [float(again(s)) for s in range(10)] == [float(schedule(s)) for s in range(10)]
