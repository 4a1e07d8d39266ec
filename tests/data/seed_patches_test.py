"""Seed patches: what pictures offer, and which of it is drawn, against loops and plain sorting."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data import seed_patches
from tf_simclr.data.seed_patches import (
    OFFERED,
    Earliest,
    arrivals,
    draw,
    mean_squared_gradients,
    offered,
)
from tf_simclr.data.source import Source


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


class Pictures(Source):
    """Pictures in memory, named by their places."""

    def __init__(self, pictures):
        super().__init__("pictures", 0, (), {"train": len(pictures)}, False, "")
        encoded = [tf.io.encode_png(each).numpy() for each in pictures]
        object.__setattr__(self, "encoded", tf.constant(encoded))

    def num_examples(self, split):
        return self.splits[split]

    def ranges(self, split):
        raise NotImplementedError

    def records(self, split, *, names=False):
        assert names

        def record(place, image):
            return {"image": image, "name": "picture " + tf.strings.as_string(place)}

        return tf.data.Dataset.from_tensor_slices(self.encoded).enumerate().map(record)

    def share_at(self, split, places):
        raise NotImplementedError

    def places(self, split, names):
        raise NotImplementedError

    def decode(self, image):
        return tf.io.decode_png(image, channels=3)


def gradient_by_loop(pixels, top, left, side):
    """The mean over neighbours of squared differences in x, and the same in y, added."""
    patch = pixels[top : top + side, left : left + side].astype(float)
    across, down = [], []
    for row in range(side):
        for column in range(side):
            if column + 1 < side:
                across.append(((patch[row, column + 1] - patch[row, column]) ** 2).sum())
            if row + 1 < side:
                down.append(((patch[row + 1, column] - patch[row, column]) ** 2).sum())
    return np.mean(across) + np.mean(down) if across else 0.0


@pytest.mark.parametrize(("height", "width"), [(9, 9), (6, 11)])
def test_energies_are_mean_squared_gradients(height, width):
    pixels = picture(height, width)
    boxes = [(0, 0, 6), (height - 3, width - 3, 3), (2, 1, 2), (1, 4, 1), (0, width - 5, 5)]
    found = mean_squared_gradients(tf.constant(pixels, tf.int64), tf.constant(boxes))
    expected = [gradient_by_loop(pixels, *box) for box in boxes]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize(("height", "width"), [(20, 20), (17, 40), (130, 64), (300, 200)])
def test_a_picture_offers_squares_of_a_third_up_to_all_of_its_shorter_side(height, width):
    for number in range(5):
        boxes = offered(picture(height, width), tf.constant([3, number], tf.int64)).boxes.numpy()
        top, left, side = boxes.T
        assert boxes.shape == (OFFERED, 3)
        assert top.min() >= 0 and left.min() >= 0
        assert (top + side).max() <= height and (left + side).max() <= width
        short = min(height, width)
        assert 0.3 * short - 4 <= side.min() and side.max() <= short  # shrunk by up to 4
        assert len(set(side)) > 3 and len(set(top)) > 3


def test_all_sides_and_all_places_of_a_side_are_as_likely():
    numbers, image = tf.data.Dataset.range(400), tf.constant(picture(10, 12))
    drawn = numbers.map(lambda number: offered(image, tf.stack([0, number])).boxes)
    top, left, side = np.concatenate(list(drawn.as_numpy_iterator())).T
    count, each = len(side), 1 / 8  # Sides of 3 to 10 pixels.
    for pixels in range(3, 11):
        share = np.mean(side == pixels)
        assert abs(share - each) < 4 * np.sqrt(each * (1 - each) / count)
    places = left[side == 8]  # Of 0 to 4.
    assert set(places) == set(range(5)) and set(top[side == 8]) == set(range(3))
    assert abs(np.mean(places == 4) - 0.2) < 4 * np.sqrt(0.16 / len(places))


def test_what_is_offered_follows_from_the_seed_and_from_nothing_else():
    first, again, other = (
        offered(picture(20, 20), tf.constant([seed, 5], tf.int64)) for seed in (1, 1, 2)
    )
    for one, two in zip(first, again):
        np.testing.assert_array_equal(one, two)
    assert np.any(first.boxes != other.boxes)
    assert np.any(first.uniform != other.uniform)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_large_picture_offers_what_it_does_when_shrunk(factor):
    small, seed = picture(64, 70), tf.constant([0, 1], tf.int64)
    large = np.pad(np.kron(small, np.ones([factor, factor, 1], np.uint8)), [(0, 1), (0, 0), (0, 0)])
    of_small, of_large = offered(small, seed), offered(large, seed)
    np.testing.assert_array_equal(of_large.boxes, factor * of_small.boxes.numpy())
    np.testing.assert_allclose(of_large.energies, of_small.energies, rtol=1e-12)
    np.testing.assert_allclose(of_large.sums, of_small.sums, rtol=1e-12)
    np.testing.assert_allclose(of_large.products, of_small.products, rtol=1e-12)


def test_the_same_square_is_not_offered_twice():
    found = offered(picture(3, 4), tf.constant([0, 0], tf.int64))  # It has 14 squares at most.
    boxes, energies = [tuple(box) for box in found.boxes.numpy()], found.energies.numpy()
    assert len(set(boxes)) < OFFERED
    for place, box in enumerate(boxes):
        once = box not in boxes[:place]
        assert (energies[place] > 0) == (once and box[2] > 1)


def test_flat_squares_are_never_drawn():
    found = offered(np.full((30, 30, 3), 7, np.uint8), tf.constant([0, 0], tf.int64))
    times = arrivals(found.uniform.numpy(), found.energies.numpy())
    assert np.isinf(times).all()


@pytest.mark.parametrize("energies", [(1.0, 2.0, 5.0), (0.3, 0.1, 0.0, 0.6)])
def test_squares_are_drawn_in_proportion_to_their_energy(energies):
    """The first of all, and the second of what is left: drawing without putting back."""
    weights, trials = np.array(energies), 40_000
    uniform = np.random.default_rng(0).random((trials, len(weights)))
    order = np.argsort(arrivals(uniform, np.tile(weights, [trials, 1])), axis=1)
    shares = weights / weights.sum()
    for first, share in enumerate(shares):
        error = 4 * np.sqrt(share * (1 - share) / trials) + 1e-12
        assert abs(np.mean(order[:, 0] == first) - share) < error
        rest = order[order[:, 0] == first, 1]
        if len(rest):
            expected = weights[0 if first else 1] / (weights.sum() - weights[first])
            found = np.mean(rest == (0 if first else 1))
            assert abs(found - expected) < 4 * np.sqrt(0.25 / len(rest))


@pytest.mark.parametrize(("count", "at_once"), [(1, 7), (20, 3), (20, 50), (150, 50), (300, 10)])
def test_the_earliest_of_a_stream_are_those_of_sorting_all_of_it(count, at_once):
    random = np.random.default_rng(count)
    pictures, squares = 50, 4
    times = random.choice([*random.random(100), np.inf], (pictures, squares))  # Some are equal.
    boxes = np.arange(pictures * squares * 3).reshape(pictures, squares, 3)
    names = np.array([b"%d" % number for number in range(pictures)], object)
    earliest, most = Earliest(count), 0
    for start in range(0, pictures, at_once):
        part = slice(start, start + at_once)
        earliest.add(names[part], boxes[part], times[part])
        most = max(most, len(earliest._times))
    first = np.argsort(times.ravel(), kind="stable")[:count]
    expected = np.sort(first[np.isfinite(times.ravel()[first])])
    found, found_boxes = earliest.drawn()
    assert found.tolist() == [b"%d" % (row // squares) for row in expected]
    np.testing.assert_array_equal(found_boxes, boxes.reshape(-1, 3)[expected])
    assert most <= 2 * count + at_once * squares  # However long the stream is.


def test_patches_come_from_where_the_edges_are():
    calm, busy = np.full((20, 20, 3), 99, np.uint8), picture(20, 20)
    calm[:, ::2] += 3
    calm[:, 10:] = busy[:, 10:]  # Left of column 10 there is a hundredth of the energy.
    source = Pictures([np.full((20, 20, 3), 5, np.uint8), calm, busy])
    seeds = draw(source, "train", 12, seed=0)
    assert set(seeds.names) == {"picture 1", "picture 2"}
    assert list(seeds.names) == sorted(seeds.names)
    small = [box for name, box in zip(seeds.names, seeds.boxes) if name == "picture 1"]
    assert all(left + side > 10 for _, left, side in small)


def test_draws_are_of_the_seed_alone(monkeypatch):
    source = Pictures([picture(12, 12 + number, number) for number in range(9)])
    first = draw(source, "train", 40, seed=1)
    monkeypatch.setattr(seed_patches, "_AT_ONCE", 2)
    again, other = (draw(source, "train", 40, seed=seed) for seed in (1, 2))
    assert first.names == again.names
    np.testing.assert_array_equal(first.boxes, again.boxes)
    np.testing.assert_array_equal(first.mean, again.mean)
    assert first.names != other.names or np.any(first.boxes != other.boxes)
    fewer = draw(source, "train", 20, seed=1)
    of_first = {(name, *box) for name, box in zip(first.names, first.boxes.tolist())}
    assert {(name, *box) for name, box in zip(fewer.names, fewer.boxes.tolist())} < of_first


@pytest.mark.parametrize("sizes", [[(5, 5)], [(6, 9), (4, 7), (11, 5)]])
def test_colours_are_mean_and_principal_components_of_all_pixels(sizes):
    pictures = [picture(*size, seed=number) for number, size in enumerate(sizes)]
    pictures[0][..., 1] = pictures[0][..., 0]  # Red and green go together.
    pixels = np.concatenate([each.reshape(-1, 3) for each in pictures]) / 255
    seeds = draw(Pictures(pictures), "train", 3, seed=0)
    np.testing.assert_allclose(seeds.mean, pixels.mean(axis=0), rtol=1e-12)
    covariance = np.cov(pixels.T, bias=True)
    turned = seeds.axes.T @ covariance @ seeds.axes
    np.testing.assert_allclose(turned, np.diag(np.diag(turned)), atol=1e-12)
    np.testing.assert_allclose(seeds.axes.T @ seeds.axes, np.eye(3), atol=1e-12)


def test_more_patches_than_can_be_cut_are_an_error():
    flat, busy = np.full((8, 8, 3), 5, np.uint8), picture(8, 8)
    with pytest.raises(
        ValueError, match="2 pictures offer 1[0-6] different squares with a gra.*17"
    ):
        draw(Pictures([flat, busy]), "train", 17, seed=0)
