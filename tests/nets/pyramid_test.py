import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.pooling import grid_means
from tf_simclr.nets.pyramid import pyramid
from tf_simclr.nets.resnet import GRIDS, ResNet

RANDOM = np.random.default_rng(0)
FINAL = RANDOM.normal(size=[3, 5]).astype(np.float32)
MAPS = {
    "early": RANDOM.normal(size=[3, 7, 6, 2]).astype(np.float32),
    "late": RANDOM.normal(size=[3, 4, 4, 3]).astype(np.float32),
}


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_its_parts_follow_each_other_each_of_length_1():
    found = pyramid(FINAL, MAPS, {"late": 2, "early": 1})
    late, early = grid_means(MAPS["late"], 2), MAPS["early"].mean(axis=(1, 2))
    expected = np.concatenate([unit(FINAL), unit(late), unit(early)], axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_half_precision_is_left_behind():
    halves = {name: tf.cast(value, tf.bfloat16) for name, value in MAPS.items()}
    found = pyramid(tf.cast(FINAL, tf.bfloat16), halves, {"late": 2})
    assert found.dtype == tf.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.sqrt(2), atol=1e-5)


def test_a_part_that_is_all_zero_stays_so():
    found = pyramid(np.zeros_like(FINAL), MAPS, {"late": 2})
    assert np.isfinite(found).all() and not np.any(found[:, :5])


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_the_number_of_features_does_not_depend_on_the_size_of_maps(side):
    map = RANDOM.normal(size=[2, side, side, 3]).astype(np.float32)
    given = tf.TensorSpec([None, None, None, 3], tf.float32)
    unknown = tf.function(lambda map: pyramid(FINAL[:2], {"m": map}, {"m": 2}), [given])
    known = pyramid(FINAL[:2], {"m": map}, {"m": 2})
    assert known.shape == (2, 5 + 12)
    np.testing.assert_allclose(unknown(map), known, atol=1e-6)


def test_a_resnet_has_it_for_every_size():
    net = ResNet(10, width_multiplier=1 / 16, small_images=True)
    endpoints = net(tf.constant(RANDOM.random((2, 16, 16, 3)), tf.float32))
    parts = [endpoints["final_avg_pool"]]
    parts += [grid_means(endpoints[name], cells) for name, cells in GRIDS.items()]
    expected = np.concatenate([unit(part.numpy()) for part in parts], axis=1)
    np.testing.assert_allclose(endpoints["pyramid"], expected, atol=1e-6)
    assert net(tf.zeros([1, 5, 9, 3]))["pyramid"].shape == (1, expected.shape[1])
