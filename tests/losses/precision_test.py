"""How exact a loss and its gradient are on a TPU: its passes of bfloat16, emulated on the CPU."""

import pytest
import tensorflow as tf

from benchmarks.precision import LOSSES, TEMPERATURES, errors, in_passes


@pytest.mark.parametrize("count", [1, 3, 6])
def test_more_passes_are_nearer_to_the_product(count):
    rows = tf.random.stateless_normal([2, 64, 128], [0, 1])
    left, right = tf.math.l2_normalize(rows, axis=-1)
    exact = tf.matmul(tf.cast(left, tf.float64), tf.cast(right, tf.float64), transpose_b=True)
    error = float(tf.reduce_max(tf.abs(tf.cast(in_passes(count)(left, right), tf.float64) - exact)))
    # Parts of 8, 16 and 24 bits, rounded; what is left of 128 products adds up at random.
    bits = {1: 8, 3: 16, 6: 24}[count]
    assert 0.01 * 2**-bits < error < 2**-bits


@pytest.mark.parametrize("with_memory", [False, True])
@pytest.mark.parametrize("implementation", ["dense", "blockwise"])
@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("kind", LOSSES)
def test_the_products_asked_for_on_a_tpu_are_as_good_as_float32(
    kind, temperature, implementation, with_memory
):
    """A single pass, the default of a TPU, is not."""
    found = errors(
        "well aligned",
        (None, "one pass", "six"),
        kind=kind,
        temperature=temperature,
        implementation=implementation,
        with_memory=with_memory,
    )
    (loss, gradient), (loss_of_one, gradient_of_one), (loss_of_six, gradient_of_six) = (
        found.values()
    )
    # float32 has 24 bits; the terms of the loss are below 16.
    assert max(loss, loss_of_six) < 16 * 2**-23
    assert gradient_of_six < 1.5 * gradient < 1e-5
    assert loss_of_one > 16 * 2**-23
    assert gradient_of_one > 100 * gradient
