"""Losses in blocks against the whole ones, and what they must not hold in memory."""

import re

import numpy as np
import pytest
import tensorflow as tf
from every_loss import blocks_of, made

from tf_simclr.losses.contrastive import ENTROPY_EPSILON, ContrastiveLoss

# Images, dimensions: blocks of 8 fit the first, and not the second.
SIZES = [(16, 5), (23, 4)]
BLOCK = 8
# Each way of computing in blocks, with both kinds of tiles; each loss has a file with the others.
FEW = ("nt_xent", "dcl+other", "nt_logistic+other", "margin_triplet+semi_hard")
SOME = (*FEW, "dcl", "nt_logistic", "nt_logistic+semi_hard+other", "margin_triplet+other")
COMPILED = ("nt_xent", "nt_logistic+other", "margin_triplet+semi_hard")


def projections(images, dim, dtype=np.float64):
    """Second views lie near the first ones, some nearest."""
    first, noise = np.random.default_rng(images).standard_normal((2, images, dim))
    return np.concatenate([first, first + noise]).astype(dtype)


def in_blocks(hidden, *, kind="nt_xent", block=BLOCK, **settings):
    with blocks_of(block):
        return made(kind, "blockwise", **settings)(hidden)


def whole(hidden, *, kind="nt_xent", **settings):
    return made(kind, **settings)(hidden)


def with_gradient(loss, hidden, **options):
    """(ContrastiveLoss, gradient of its loss), of NumPy's numbers."""
    hidden = tf.convert_to_tensor(hidden)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        found = loss(hidden, **options)
    gradient = tape.gradient(found.loss, hidden)
    return ContrastiveLoss(*(value.numpy() for value in found)), gradient.numpy()


def assert_same(found, expected, images, rtol):
    (values, gradient), (whole_values, whole_gradient) = found, expected
    np.testing.assert_allclose(values.loss, whole_values.loss, rtol=rtol)
    scale = np.abs(whole_gradient).max()
    np.testing.assert_allclose(gradient, whole_gradient, rtol=0, atol=rtol * scale)
    np.testing.assert_allclose(values.accuracy, whole_values.accuracy, rtol=1e-6)
    # sum p * log(1 + epsilon / p) is what the dense entropy lacks: epsilon a term, at most.
    atol = ENTROPY_EPSILON * images + rtol
    np.testing.assert_allclose(values.entropy, whole_values.entropy, rtol=rtol, atol=atol)


@pytest.mark.parametrize(
    ("kind", "hidden_norm"), [*((kind, True) for kind in SOME), ("nt_xent", False)]
)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_equals_the_whole_loss(images, dim, kind, hidden_norm):
    options = {"kind": kind, "hidden_norm": hidden_norm}
    hidden = projections(images, dim)
    expected = with_gradient(whole, hidden, **options)
    assert 0 < expected[0].accuracy < 1
    assert_same(with_gradient(in_blocks, hidden, **options), expected, images, rtol=1e-12)


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_float32_differs_by_rounding(images, dim, kind):
    hidden = projections(images, dim, np.float32)
    exact = with_gradient(whole, hidden.astype(np.float64), kind=kind)
    for loss in (in_blocks, whole):  # One is as good as the other.
        found = with_gradient(loss, hidden, kind=kind)
        assert found[0].loss.dtype == found[1].dtype == np.float32
        assert_same(found, exact, images, rtol=1e-6)


@pytest.mark.parametrize(
    ("kind", "block"), [*(("nt_xent", block) for block in (1, 5, 64)), *((k, 4) for k in FEW)]
)
def test_size_of_blocks_does_not_matter(block, kind):
    hidden = projections(6, 4)
    found = with_gradient(in_blocks, hidden, kind=kind, block=block)
    assert_same(found, with_gradient(whole, hidden, kind=kind), 6, rtol=1e-12)


@pytest.mark.parametrize("kind", FEW)
def test_the_batch_may_be_known_late(kind):
    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float64)], autograph=False)
    def loss_and_gradient(hidden):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            found = in_blocks(hidden, kind=kind)
        return found, tape.gradient(found.loss, hidden)

    for images in (16, 21):
        hidden = projections(images, 4)
        found, gradient = loss_and_gradient(hidden)
        expected = with_gradient(whole, hidden, kind=kind)
        assert_same((found, gradient), expected, images, rtol=1e-12)


def compiled(loss, kind):
    @tf.function(autograph=False, jit_compile=True)
    def loss_and_gradient(hidden):
        with tf.GradientTape() as tape:
            tape.watch(hidden)
            found = loss(hidden, kind=kind)
        return found, tape.gradient(found.loss, hidden)

    return loss_and_gradient


@pytest.mark.parametrize("kind", COMPILED)
@pytest.mark.parametrize(("images", "dim"), SIZES)
def test_xla_computes_the_same(images, dim, kind):
    hidden = projections(images, dim)
    found = compiled(in_blocks, kind)(tf.constant(hidden))
    assert_same(found, with_gradient(whole, hidden, kind=kind), images, rtol=1e-12)


@pytest.mark.parametrize("kind", COMPILED)
@pytest.mark.parametrize(("images", "dim"), [(64, 5), (93, 4)])
def test_nothing_is_as_large_as_the_matrix_of_pairs(images, dim, kind):
    hidden = tf.constant(projections(images, dim))

    def largest(loss):
        """Elements of the largest array in the compiled program: XLA knows every shape."""
        program = compiled(loss, kind).experimental_get_compiler_ir(hidden)(stage="hlo")
        shapes = re.findall(r"\b[a-z]+\d*\[([\d,]+)\]", program)
        return max(np.prod([int(side) for side in shape.split(",")]) for shape in shapes)

    assert largest(whole) >= images**2
    filled_up = images + BLOCK
    assert largest(in_blocks) <= max(2 * filled_up * dim, (2 * BLOCK) ** 2) < images**2


@pytest.mark.parametrize("kind", ["nt_xent", "dcl", "nt_logistic"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_small_temperatures_stay_finite(kind, dtype):
    # Along one axis, nearly: logits are about +100 and -100, and exp of neither is a float32.
    signs = np.array([1, 1, -1, 1, -1, 1, 1, -1, 1, 1] * 2)[:, np.newaxis] * [[3.0, 0.0]]
    for hidden in (signs + 0.1 * projections(10, 2), projections(21, 4)):
        expected = with_gradient(whole, hidden, kind=kind, temperature=0.01)
        found = with_gradient(in_blocks, hidden.astype(dtype), kind=kind, temperature=0.01)
        assert np.isfinite(found[1]).all()
        rtol = 1e-10 if dtype == np.float64 else 1e-4  # 1e-7 of a logit of 100
        assert_same(found, expected, len(hidden) // 2, rtol)


def test_of_equal_logits_the_first_counts_as_largest():
    hidden = np.ones((42, 4), np.float32)
    found = in_blocks(tf.constant(hidden))
    assert float(found.accuracy) == pytest.approx(1 / 21) == float(whole(hidden).accuracy)
    np.testing.assert_allclose(found.entropy, np.log(21), rtol=1e-6)


def test_a_single_image_has_nothing_to_tell_apart():
    found, gradient = with_gradient(in_blocks, projections(1, 4))
    assert (found.loss, found.accuracy, found.entropy) == (0, 1, 0)
    np.testing.assert_array_equal(gradient, 0)


def test_gradient_grows_with_what_the_loss_is_multiplied_by():
    hidden = tf.constant(projections(*SIZES[1]))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(hidden)
        loss = in_blocks(hidden).loss
        tripled = 3 * loss
    np.testing.assert_allclose(
        tape.gradient(tripled, hidden), 3 * tape.gradient(loss, hidden), rtol=1e-12
    )
