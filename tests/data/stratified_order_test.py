"""Each beginning of the order has each class in proportion, as Tijdeman's theorem says."""

import numpy as np
import pytest

from tf_simclr.data.stratified_order import stratified_order

SIZES = [
    [7],
    [1, 1],
    [50, 50],
    [90, 10],
    [99, 1],
    [500, *[1] * 500],  # Where a round for each class fails.
    [1000, 300, 77, 5, 1, 1],
    [3] * 100,
    [2, 3, 5, 7, 11, 13, 17, 19, 23],
]


@pytest.mark.parametrize("sizes", SIZES, ids=lambda sizes: f"{len(sizes)} of {sum(sizes)}")
@pytest.mark.parametrize("seed", [0, 1])
def test_each_beginning_and_end_is_in_proportion_to_within_one(sizes, seed):
    labels = np.repeat(np.arange(len(sizes)) - 1, sizes)  # -1 too.
    labels = np.random.default_rng(seed).permutation(labels)
    order = stratified_order(labels.tolist())
    assert sorted(order) == list(range(len(labels)))
    counts = np.cumsum(labels[order][:, None] == np.unique(labels), axis=0)
    expected = np.arange(1, len(labels) + 1)[:, None] * np.array(sizes) / sum(sizes)
    assert np.abs(counts - expected).max() <= 1 - 1 / max(2 * len(sizes) - 2, 1) + 1e-9
    for label in np.unique(labels):  # Within a class the order is that of the pictures.
        places = [place for place in order if labels[place] == label]
        assert places == sorted(places)
