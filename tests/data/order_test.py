"""The pieces of an epoch and the windows that they are cut into."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data import order

EPOCH = tf.constant(3, tf.int64)


def drawn(sizes, seed=0, epoch=EPOCH):
    """(part, start, stop) of each piece."""
    pieces = order.pieces(tf.constant(sizes, tf.int64), seed, tf.cast(epoch, tf.int64))
    return list(zip(*(column.numpy().tolist() for column in pieces)))


def stretched(sizes, window):
    """(records before it, pieces, width of a window, windows before it) of each stretch."""
    found = order.stretches(tf.constant(sizes, tf.int64), window)
    columns = (found.begin, found.pieces, found.width, found.window)
    return list(zip(*(column.numpy().tolist() for column in columns)))


@pytest.mark.parametrize("sizes", [[1], [9], [4, 1, 7, 2, 5]])
def test_every_record_is_in_one_piece_and_a_circle_is_entered_inside_a_part(sizes):
    for epoch in range(6):
        pieces = drawn(sizes, epoch=epoch)
        records = [(part, row) for part, start, stop in pieces for row in range(start, stop)]
        assert sorted(records) == [(p, row) for p, size in enumerate(sizes) for row in range(size)]
        first, entry, _ = pieces[0]
        if entry:
            assert pieces[-1] == (first, 0, entry)
        assert len(pieces) == len(sizes) + (entry > 0)


def test_pieces_follow_from_the_seed_and_the_epoch():
    sizes = [5, 3, 8, 4]
    first = drawn(sizes)
    tf.random.set_seed(5)
    assert drawn(sizes) == first
    assert first not in (drawn(sizes, seed=1), drawn(sizes, epoch=4))
    # A single file is entered in many places.
    assert len({drawn([100], epoch=epoch)[0][1] for epoch in range(10)}) > 5


@pytest.mark.parametrize(
    ("sizes", "window", "expected"),
    [
        # Two small ones a window. The last one is alone.
        ([4, 4, 4, 4, 4], 8, [(0, 2, 8, 0), (8, 2, 8, 1), (16, 1, 4, 2)]),
        # Of a large one, three windows; 25 records in windows of 9, 9, 7.
        ([25, 3], 8, [(0, 1, 9, 0), (25, 1, 3, 3)]),
        # 5 and 9 begin within the first 8: 14 records are two windows of 7.
        ([5, 9, 2], 8, [(0, 2, 7, 0), (14, 1, 2, 2)]),
        ([2, 3], 100, [(0, 2, 5, 0)]),
        ([3], 1, [(0, 1, 1, 0)]),
    ],
)
def test_small_pieces_fill_a_window_together_and_large_ones_have_several(sizes, window, expected):
    assert stretched(sizes, window) == expected


def test_windows_are_about_as_large_as_asked_for():
    random = np.random.default_rng(0)
    for window in (10, 64, 300):
        sizes = random.integers(90, 110, 50)
        found = order.stretches(tf.constant(sizes), window)
        width = found.width.numpy()[:-1]
        assert width.min() >= window / 2 and width.max() <= 1.5 * window
        begin = np.append(found.begin.numpy(), sizes.sum())
        windows = -(-np.diff(begin) // found.width.numpy())
        np.testing.assert_array_equal(found.window.numpy(), np.cumsum(windows) - windows)


def test_every_window_has_a_seed_of_its_own():
    seeds = {
        int(order.window_seed(seed, tf.constant(epoch, tf.int64), tf.constant(window, tf.int64)))
        for seed in range(2)
        for epoch in range(3)
        for window in range(4)
    }
    assert len(seeds) == 24


def test_a_permutation_is_the_epochs_own():
    values = tf.range(40, dtype=tf.int64)
    found = [
        tuple(order.permuted(values, seed, tf.constant(epoch, tf.int64)).numpy())
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert len({*found, tuple(range(40))}) == 4
    assert {tuple(sorted(each)) for each in found} == {tuple(range(40))}
