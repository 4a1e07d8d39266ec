"""The error of a loss and its gradient if its products have fewer bits, emulated on the CPU.

    python -m benchmarks.precision

A TPU's bfloat16 pass is emulated by rounding the factors: its products are exact, and summed in
float32 or better. For float32 a TPU takes six passes if a product asks for the highest precision,
and three for "high". TensorFloat-32 is the precision that a GPU rounds to.
"""

import contextlib
import itertools
import os
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf

from tf_simclr import replicas
from tf_simclr.losses import products
from tf_simclr.losses.dcl import DCL
from tf_simclr.losses.memory import Memory
from tf_simclr.losses.nt_xent import NTXent

IMAGES, DIM, PLACES = 256, 128, 1024
TEMPERATURES = (0.1, 0.5)
LOSSES = {"nt_xent": NTXent, "dcl": DCL}
# Distances of two pictures and of two views, relative to what all pictures have in common.
PROJECTIONS = {
    "untrained": (0.0, 0.0, 1.0),  # Views have nothing in common.
    "trained": (0.0, 1.0, 0.33),  # Cosines of positives are .9.
    "well aligned": (0.0, 1.0, 0.05),  # .998
    "alike": (1.0, 0.1, 0.05),  # All cosines are above .98,
    "nearly the same": (1.0, 0.01, 0.005),  # and here above .9998.
}


def projections(projected, images=IMAGES, seed=0):
    """Float64 [2 * images, DIM] of a kind in PROJECTIONS."""
    common, picture, view = PROJECTIONS[projected]
    random = np.random.default_rng(seed)
    of_all, of_picture = random.standard_normal((1, DIM)), random.standard_normal((images, DIM))
    of_view = random.standard_normal((2, images, DIM))
    rows = common * of_all + picture * of_picture + view * of_view
    return rows.reshape(-1, DIM)


def memory(projected, dtype):
    """PLACES negatives like those projections."""
    rows = projections(projected, PLACES // 2, seed=1)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return Memory(tf.constant(rows, dtype), tf.constant(PLACES))


def to_bfloat16(values):
    """Float32 values rounded to 8 bits."""
    return tf.cast(tf.cast(values, tf.bfloat16), tf.float32)


def to_tensor_float_32(values):
    """Float32 values rounded to 11 bits."""
    half, kept = tf.constant(1 << 12, tf.uint32), tf.constant(0xFFFFE000, tf.uint32)
    bits = tf.bitcast(values, tf.uint32) + half
    return tf.bitcast(tf.bitwise.bitwise_and(bits, kept), tf.float32)


def parts(values, count):
    """The `count` largest parts of float32 values, each a bfloat16."""
    for _ in range(count):
        part = to_bfloat16(values)
        values -= part
        yield part


def by_rounding(rounded):
    """`exact_product` of rounded rows."""
    return lambda left, right: _all_bits([(rounded(left), rounded(right))])


def in_passes(count):
    """`exact_product` in `count` passes of bfloat16: one, three or six."""
    depth = {1: 1, 3: 2, 6: 3}[count]

    def of_rows(left, right):
        pairs = itertools.product(enumerate(parts(left, depth)), enumerate(parts(right, depth)))
        return _all_bits([(a, b) for (n, a), (m, b) in pairs if n + m < depth])

    return of_rows


def _all_bits(pairs):
    doubles = [[tf.cast(rows, tf.float64) for rows in pair] for pair in pairs]
    return tf.cast(tf.add_n([tf.matmul(*pair, transpose_b=True) for pair in doubles]), tf.float32)


WAYS = {
    "one pass": in_passes(1),
    "three": in_passes(3),
    "six": in_passes(6),
    "TensorFloat-32": by_rounding(to_tensor_float_32),
}


@contextlib.contextmanager
def multiplying(way):
    """Inside, all products of losses and of their gradients are computed in one of WAYS."""

    @tf.custom_gradient
    def product(left, right):
        def gradient(upstream):
            return (
                product(upstream, tf.transpose(right)),
                product(tf.transpose(upstream), tf.transpose(left)),
            )

        return WAYS[way](left, right), gradient

    with (
        mock.patch.object(replicas, "on_tpu", lambda: True),
        mock.patch.object(products, "exact_product", product),
    ):
        yield


def with_gradient(projected, dtype, *, kind, with_memory, **options):
    """(loss, gradient) of projections of a kind, in float64."""
    hidden = tf.constant(projections(projected), dtype)
    with tf.GradientTape() as tape:
        tape.watch(hidden)
        remembered = memory(projected, dtype) if with_memory else None
        loss = LOSSES[kind](**options)(hidden, remembered).loss
    return np.float64(loss), np.float64(tape.gradient(loss, hidden))


def errors(projected, ways, **options):
    """Way -> (error of the loss, error of the gradient as a share of it).

    A way is one of WAYS, or None for plain float32. The reference is float64.
    """
    right, right_gradient = with_gradient(projected, tf.float64, **options)
    found = {}
    for way in ways:
        with multiplying(way) if way else contextlib.nullcontext():
            loss, gradient = with_gradient(projected, tf.float32, **options)
        share = np.linalg.norm(gradient - right_gradient) / np.linalg.norm(right_gradient)
        found[way] = abs(loss - right), share
    return found


def row(projected, kind, temperature):
    """One line of the table."""
    ways = (None, *WAYS)
    found = [
        errors(
            projected,
            ways,
            kind=kind,
            temperature=temperature,
            implementation=implementation,
            with_memory=with_memory,
        )
        for implementation in ("dense", "blockwise")
        for with_memory in (False, True)
    ]
    cells = [f"{max(case[way][n] for case in found):.1e}" for n in (0, 1) for way in ways]
    return f"| {projected} | {kind} | {temperature} | {' | '.join(cells)} |"


def main():
    """Prints the table."""
    print(
        f"{IMAGES} pictures, {DIM} dimensions, whole and in blocks, a memory of {PLACES} places or"
        " none: the largest\nerror of the four, of the loss, and of the gradient as a share of"
        " it.\n"
    )
    columns = [f"{of}: {way}" for of in ("loss", "gradient") for way in ("float32", *WAYS)]
    print(f"| projections | loss | temperature | {' | '.join(columns)} |")
    print("|---" * (3 + len(columns)) + "|")
    for case in itertools.product(PROJECTIONS, LOSSES, TEMPERATURES):
        print(row(*case), flush=True)


if __name__ == "__main__":
    main()
