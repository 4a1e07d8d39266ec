"""Products in full precision on a TPU: their values, and which products of a step use it."""

import re

import numpy as np
import pytest
import tensorflow as tf
from every_loss import CASES, made

from tf_simclr import replicas
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.products import exact_product, product
from tf_simclr.nets.heads import ProjectionHead
from tf_simclr.nets.resnet import BLOCKS, ResNet
from tf_simclr.nets.simclr import SimCLR
from tf_simclr.optim.lars import LARS

RANDOM = np.random.default_rng(0)
IMAGES, DIM, PLACES = 6, 5, 8
ALL_BITS = "operand_precision={highest,highest}"


@pytest.fixture(scope="module")
def xla():
    """XLA for the CPU, which TensorFlow's wheels for TPUs lack."""
    try:
        tf.function(tf.negative, jit_compile=True)(1.0)
    except tf.errors.NotFoundError as error:
        pytest.skip(error.message)


@pytest.fixture
def on_tpu(xla, monkeypatch):
    """Losses are made as for a TPU; XLA compiles them for the CPU."""
    monkeypatch.setattr(replicas, "on_tpu", lambda: True)


def matrices(*shapes, dtype=tf.float64):
    return [tf.constant(RANDOM.standard_normal(shape), dtype) for shape in shapes]


def loss_and_gradient(hidden, kind, implementation):
    memory = Memory(tf.eye(PLACES, DIM, dtype=hidden.dtype), tf.constant(PLACES - 2))
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        found = made(kind, implementation)(hidden, memory)
    return found.loss, tape.gradient(found.loss, hidden)


def multiplications(function, *specs):
    """(name, whether it asks for all bits) of all products and convolutions that XLA is given."""
    compiled = tf.function(function, jit_compile=True, autograph=False)
    program = compiled.experimental_get_compiler_ir(*specs)(stage="hlo")
    lines = [line for line in program.splitlines() if re.search(r" (dot|convolution)\(", line)]
    return [(re.search(r'op_name="([^"]*)"', line)[1], ALL_BITS in line) for line in lines]


@pytest.mark.parametrize("transpose_right", [False, True])
def test_xlas_product_and_its_gradient_are_tensorflows(on_tpu, transpose_right):
    left, right, upstream = matrices((3, 4), (6, 4) if transpose_right else (4, 6), (3, 6))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([left, right])
        found = product(left, right, transpose_right=transpose_right)
        expected = tf.matmul(left, right, transpose_b=transpose_right)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    pairs = zip(
        tape.gradient(found, [left, right], upstream),
        tape.gradient(expected, [left, right], upstream),
    )
    for gradient, of_tensorflow in pairs:
        np.testing.assert_allclose(gradient, of_tensorflow, rtol=1e-12)


def test_a_gradient_of_the_gradient_is_there(xla):
    left, right = matrices((2, 3), (4, 3))
    with tf.GradientTape() as outer:
        outer.watch(right)
        with tf.GradientTape() as inner:
            inner.watch(left)
            found = tf.reduce_sum(exact_product(left, right) ** 2)
        first = tf.reduce_sum(inner.gradient(found, left))
    # d/dleft sum((left right') ** 2) = 2 left right' right
    with tf.GradientTape() as tape:
        tape.watch(right)
        by_hand = tf.reduce_sum(2 * left @ tf.transpose(right) @ right)
    np.testing.assert_allclose(
        outer.gradient(first, right), tape.gradient(by_hand, right), rtol=1e-12
    )


def test_anywhere_but_on_a_tpu_it_is_tensorflows_product():
    left, right = matrices((3, 4), (6, 4), dtype=tf.float32)

    @tf.function(autograph=False)
    def multiply(left, right):
        return product(left, right, transpose_right=True)

    kinds = {op.type for op in multiply.get_concrete_function(left, right).graph.get_operations()}
    assert "MatMul" in kinds and not [kind for kind in kinds if kind.startswith("Xla")]
    np.testing.assert_array_equal(multiply(left, right), tf.matmul(left, right, transpose_b=True))


@pytest.mark.parametrize(("kind", "implementation"), CASES)
def test_a_loss_by_xlas_products_is_the_same(xla, kind, implementation, monkeypatch):
    (hidden,) = matrices((2 * IMAGES, DIM))
    expected = loss_and_gradient(hidden, kind, implementation)
    monkeypatch.setattr(replicas, "on_tpu", lambda: True)
    for found, plain in zip(loss_and_gradient(hidden, kind, implementation), expected):
        np.testing.assert_allclose(found, plain, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("kind", "implementation"), CASES)
def test_all_products_of_a_loss_ask_for_all_bits_on_a_tpu(on_tpu, kind, implementation):
    asked = multiplications(
        lambda hidden: loss_and_gradient(hidden, kind, implementation),
        tf.TensorSpec([2 * IMAGES, DIM]),
    )
    assert asked and all(all_bits for _, all_bits in asked)


def test_in_a_step_on_a_tpu_only_layers_do_with_one_pass(on_tpu, monkeypatch):
    """Norms, their statistics and LARS are sums, which no unit for products computes."""
    monkeypatch.setitem(BLOCKS, 18, (1, 1, 1, 1))  # half as much to trace
    encoder = ResNet(18, width_multiplier=1 / 32, small_images=True)
    net = SimCLR(encoder, ProjectionHead(out_dim=4), num_classes=3)
    net(tf.zeros([1, 8, 8, 3]))
    net.compile(LARS(0.1, weight_decay=1e-4), weight_decay=1e-4)
    asked = multiplications(
        lambda *batch: net.train_step(batch), tf.TensorSpec([4, 8, 8, 6]), tf.TensorSpec([4, 3])
    )
    in_one_pass = [name for name, all_bits in asked if not all_bits]
    assert len(in_one_pass) < len(asked)  # The loss' own are there, too.
    of_layers = re.compile(r"(gradient_tape/)?simclr/.*/(Conv|MatMul)")
    assert [name for name in in_one_pass if not of_layers.match(name)] == []
