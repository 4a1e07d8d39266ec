"""Tables of features: rows in order, cut at the limit, each picture read once for all networks."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.evaluation.features import extract, extract_together

IMAGES = np.random.default_rng(0).random((7, 2, 3, 3), np.float32)
LABELS = np.array([3, -1, 0, 2, 1, 1, 0])
NETWORKS = {
    "pixels": lambda images: images,
    "means": lambda images: tf.reduce_mean(images, [1, 2]),
}


class Batches:
    """Three pictures a batch; notes how many batches were read."""

    def __init__(self, **columns):
        self.columns, self.read = columns, 0

    def __iter__(self):
        for start in range(0, len(IMAGES), 3):
            self.read += 1
            columns = {"image": IMAGES, "label": LABELS, **self.columns}
            yield {name: tf.constant(each[start : start + 3]) for name, each in columns.items()}


@pytest.mark.parametrize(("limit", "read"), [(1, 1), (3, 1), (5, 2), (7, 3), (100, 3)])
def test_each_network_has_a_row_of_each_picture_up_to_the_limit(limit, read):
    batches = Batches()
    found = extract(NETWORKS, batches, limit=limit)
    assert batches.read == read  # Not once more for each network.
    assert set(found) == set(NETWORKS)
    pixels = IMAGES.reshape(7, -1)[:limit]
    np.testing.assert_array_equal(found["pixels"].vectors, pixels)
    means = IMAGES.mean(axis=(1, 2))[:limit]
    np.testing.assert_allclose(found["means"].vectors, means, rtol=1e-6)
    for features in found.values():
        np.testing.assert_array_equal(features.labels, LABELS[:limit])
        assert features.identities is None and features.groups is None


def test_identities_and_groups_are_kept_where_there_are_some():
    columns = {"identity": np.arange(7) * 2, "group": np.arange(7) % 2}
    features = extract(NETWORKS, Batches(**columns), limit=4)["means"]
    np.testing.assert_array_equal(features.identities, [0, 2, 4, 6])
    np.testing.assert_array_equal(features.groups, [0, 1, 0, 1])


@pytest.mark.parametrize("limit", [2, 5])
def test_one_function_may_give_several_kinds_of_features(limit):
    calls = []

    def together(images):
        calls.append(len(images))
        return {name: network(images) for name, network in NETWORKS.items()}

    found, apart = (
        extract_together(together, Batches(), limit=limit),
        extract(NETWORKS, Batches(), limit=limit),
    )
    assert calls == [3] * -(-limit // 3)  # Once a batch.
    for name in NETWORKS:
        np.testing.assert_array_equal(found[name].vectors, apart[name].vectors)
        np.testing.assert_array_equal(found[name].labels, LABELS[:limit])


def test_no_picture_is_an_error():
    with pytest.raises(ValueError, match="`batches` must hold a picture. Received: none."):
        extract(NETWORKS, [], limit=4)
