"""Slices of splits as the user writes them."""

import pytest

from tf_simclr.data.split_slices import resolve

SIZES = {"train": 10, "test": 4}


@pytest.mark.parametrize(
    ("split", "ranges"),
    [
        ("train", [("train", 0, 10)]),
        ("train[80%:]+test", [("train", 8, 10), ("test", 0, 4)]),
        ("train[-3:-1]", [("train", 7, 9)]),
        ("train[4:99]", [("train", 4, 10)]),
        ("train[8:2]+test[:1]", [("train", 8, 8), ("test", 0, 1)]),
    ],
)
def test_ranges_by_hand(split, ranges):
    assert resolve(split, SIZES) == ranges


@pytest.mark.parametrize("split", ["train[8:2]", "train[10:]+test[:0]"])
def test_something_must_be_left(split):
    with pytest.raises(ValueError, match="must hold at least one example"):
        resolve(split, SIZES)
