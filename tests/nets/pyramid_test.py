import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.nets.pooling import grid_means
from tf_simclr.nets.pyramid import pyramid
from tf_simclr.nets.resnet import ResNet

RANDOM = np.random.default_rng(0)
LAST, EARLY = (
    RANDOM.normal(size=shape).astype(np.float32) for shape in ([3, 4, 4, 3], [3, 7, 6, 2])
)


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def statistics(cells):
    """Means and deviations, of lists of cells."""
    for of_pixels in (np.mean, np.std):
        yield unit(np.concatenate([of_pixels(cell, axis=(1, 2)) for cell in cells], axis=1))


def test_its_parts_follow_each_other_each_of_length_1():
    quarters = [
        EARLY[:, rows, columns]
        for rows in (slice(4), slice(3, 7))
        for columns in (slice(3), slice(3, 6))
    ]
    expected = np.concatenate([*statistics([LAST]), *statistics(quarters)], axis=1)
    np.testing.assert_allclose(pyramid([LAST, EARLY]), expected, atol=1e-6)


def test_half_precision_is_left_behind():
    halves = [tf.cast(LAST, tf.bfloat16), tf.cast(EARLY, tf.bfloat16)]
    found = pyramid(halves)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.sqrt(4), atol=1e-5)
    np.testing.assert_allclose(
        found, pyramid([tf.cast(one, tf.float32) for one in halves]), atol=1e-7
    )


@pytest.mark.parametrize("side", [1, 2])
def test_what_is_alike_everywhere_has_finite_features_and_slopes(side):
    with tf.GradientTape() as tape:
        map = tf.zeros([2, side, side, 3])
        tape.watch(map)
        found = pyramid([map, map])
    assert not np.any(found[:, :3])  # Means that are all zero stay so.
    assert np.isfinite(found).all() and np.isfinite(tape.gradient(found, map)).all()


@pytest.mark.parametrize("side", [1, 2, 3, 8])
def test_the_number_of_features_does_not_depend_on_the_size_of_maps(side):
    map = RANDOM.normal(size=[3, side, side, 5]).astype(np.float32)
    given = tf.TensorSpec([None, None, None, 5], tf.float32)
    unknown = tf.function(lambda map: pyramid([LAST, map]), [given])
    known = pyramid([LAST, map])
    assert known.shape == (3, 2 * 3 + 8 * 5)
    np.testing.assert_allclose(unknown(map), known, atol=1e-6)


def test_a_resnet_has_it_for_every_size():
    net = ResNet(10, width_multiplier=1 / 16, small_images=True)
    endpoints = net(tf.constant(RANDOM.random((2, 16, 16, 3)), tf.float32))
    maps = [endpoints[f"block_group{number}"] for number in (4, 3, 2, 1)]
    np.testing.assert_array_equal(endpoints["pyramid"], pyramid(maps))
    np.testing.assert_allclose(
        endpoints["pyramid"][:, : net.num_features], unit(grid_means(maps[0], 1).numpy()), atol=1e-6
    )
    assert net(tf.zeros([1, 5, 9, 3]))["pyramid"].shape == endpoints["pyramid"][:1].shape
