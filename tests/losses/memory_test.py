"""NT-Xent and DCL with a memory, whole and in blocks, against a loop written from the papers.

The other losses have their own in termwise_test.py.
"""

import re

import numpy as np
import pytest
import tensorflow as tf
from every_loss import blocks_of, made
from finite_differences import gradient_by_differences, projections

from tf_simclr.losses.memory import Memory

# Images, dimensions, places of the memory, of which are filled. Tiles of the memory have 8 places.
CASES = [(3, 5, 4, 4), (8, 4, 19, 11), (9, 3, 16, 16), (5, 4, 20, 0)]
BLOCK, TEMPERATURE = 4, 0.3
KINDS = ("nt_xent", "nt_xent+other", "dcl")
IMPLEMENTATIONS = ("dense", "blockwise")


def unit_rows(count, dim):
    rows = np.random.default_rng(100 + count).standard_normal((count, dim))
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def remembered(places, dim, filled, dtype=np.float64):
    """A memory; its empty places hold values that would be noticed."""
    rows = unit_rows(places, dim)
    rows[filled:] = 5.0
    return Memory(tf.constant(rows, dtype), tf.constant(filled))


def naive_loss(hidden, kind, memory_rows):
    """Twice the mean over all rows of equation 1, with the memory's rows in each denominator."""
    z = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    images, total = len(z) // 2, 0.0
    for i in range(2 * images):
        other = (i + images) % (2 * images)
        left_out = {i, other} if kind.startswith("dcl") else {i}
        if kind.endswith("+other"):  # The view that i is itself.
            left_out |= {j for j in range(2 * images) if j // images == i // images}
        keys = [z[j] for j in range(2 * images) if j not in left_out] + list(memory_rows)
        denominator = sum(np.exp(z[i] @ key / TEMPERATURE) for key in keys)
        total += np.log(denominator) - z[i] @ z[other] / TEMPERATURE
    return total / images


def loss_of(hidden, kind, implementation, memory, block=BLOCK):
    with blocks_of(block):
        return made(kind, implementation, temperature=TEMPERATURE)(hidden, memory)


def with_gradient(hidden, *options, **more):
    hidden = tf.convert_to_tensor(hidden)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        found = loss_of(hidden, *options, **more)
    return found, tape.gradient(found.loss, hidden)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("images", "dim", "places", "filled"), CASES)
def test_memory_is_in_every_denominator(images, dim, places, filled, kind, implementation):
    hidden, memory = projections(images, dim), remembered(places, dim, filled)
    found, gradient = with_gradient(hidden, kind, implementation, memory)
    rows = memory.rows.numpy()[:filled]
    np.testing.assert_allclose(found.loss, naive_loss(hidden, kind, rows), rtol=1e-12)
    differences = gradient_by_differences(lambda at: naive_loss(at, kind, rows), hidden)
    np.testing.assert_allclose(gradient, differences, rtol=0, atol=1e-8)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_memory_and_none_are_the_same(kind, implementation):
    hidden = projections(6, 5)
    found, gradient = with_gradient(hidden, kind, implementation, remembered(12, 5, 0))
    plain, plain_gradient = with_gradient(hidden, kind, implementation, None)
    np.testing.assert_allclose(found.loss, plain.loss, rtol=1e-14)
    np.testing.assert_allclose(gradient, plain_gradient, rtol=0, atol=1e-14)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_metrics_do_not_look_at_it(kind, implementation):
    hidden = projections(9, 4)
    found = loss_of(tf.constant(hidden), kind, implementation, remembered(12, 4, 7))
    plain = loss_of(tf.constant(hidden), kind, implementation, None)
    assert float(found.loss) > float(plain.loss)
    assert float(found.accuracy) == float(plain.accuracy)
    assert float(found.entropy) == float(plain.entropy)


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS)
@pytest.mark.parametrize("kind", KINDS)
def test_no_gradient_passes_to_it(kind, implementation):
    memory = remembered(10, 5, 10)
    with tf.GradientTape() as tape:
        tape.watch(memory.rows)
        loss = loss_of(tf.constant(projections(6, 5)), kind, implementation, memory).loss
    assert tape.gradient(loss, memory.rows) is None


@pytest.mark.parametrize(
    ("kind", "block"), [("nt_xent", 1), ("dcl", 5), ("nt_xent+other", 5), ("dcl", 64)]
)
def test_size_of_blocks_does_not_matter(block, kind):
    hidden, memory = projections(6, 4), remembered(13, 4, 9)
    found, gradient = with_gradient(hidden, kind, "blockwise", memory, block=block)
    whole, whole_gradient = with_gradient(hidden, kind, "dense", memory)
    np.testing.assert_allclose(found.loss, whole.loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, whole_gradient, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_takes_it_in_blocks_too(kind):
    hidden, memory = projections(6, 4).astype(np.float16), remembered(13, 4, 9, np.float32)
    whole, blocks = (
        made(kind, name, temperature=TEMPERATURE)(hidden, memory).loss for name in IMPLEMENTATIONS
    )
    assert whole.dtype == blocks.dtype == tf.float32  # Half precision is computed in float32.
    expected = naive_loss(hidden.astype(np.float64), kind, memory.rows.numpy()[:9])
    np.testing.assert_allclose([whole, blocks], [expected] * 2, rtol=1e-5)


@pytest.mark.parametrize(("images", "dim", "places"), [(16, 3, 400), (21, 4, 530)])
def test_in_blocks_nothing_is_as_large_as_rows_times_places(images, dim, places):
    hidden, memory = tf.constant(projections(images, dim)), remembered(places, dim, places)

    def compiled(implementation):
        function = tf.function(
            lambda hidden: with_gradient(hidden, "nt_xent", implementation, memory),
            autograph=False,
            jit_compile=True,
        )
        program = function.experimental_get_compiler_ir(hidden)(stage="hlo")
        shapes = re.findall(r"\b[a-z]+\d*\[([\d,]+)\]", program)
        largest = max(np.prod([int(side) for side in shape.split(",")]) for shape in shapes)
        return function(hidden), largest

    (whole, whole_gradient), all_at_once = compiled("dense")
    (found, gradient), in_blocks = compiled("blockwise")
    assert all_at_once >= images * places
    assert in_blocks <= (places + 2 * BLOCK) * dim < images * places
    np.testing.assert_allclose(found.loss, whole.loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, whole_gradient, rtol=0, atol=1e-13)
