"""A batch chosen for at once is what each of its pictures would be alone."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.data.augment import choose

SHAPES = [(5, 7), (4, 3, 2, 3)]


def pair(shape):
    """Two tensors to choose for: of different ranks."""
    random = np.random.default_rng(len(shape))
    return tf.constant(random.random(shape, np.float32)), tf.constant(random.random(shape[0]))


def outcomes(first, second):
    return [
        lambda: (first, second),
        lambda: (first + 1.0, second * 2.0),
        lambda: (-first, second - 3.0),
    ]


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_each_picture_gets_its_outcome_in_a_batch_and_alone(shape, graph):
    first, second = pair(shape)
    index = tf.constant([number % 3 for number in range(shape[0])])
    among = lambda a, b, i: choose.among(outcomes(a, b), i)  # noqa: E731
    among = tf.function(among) if graph else among
    whole = among(first, second, index)
    for place in range(shape[0]):
        own = slice(place, place + 1)
        # By the definition of `outcomes`, in NumPy.
        a, b = first[own].numpy(), second[own].numpy()
        expected = [(a, b), (a + 1, b * 2), (-a, b - 3)][place % 3]
        alone = among(first[own], second[own], index[own])
        for found, one, value in zip(whole, alone, expected, strict=True):
            np.testing.assert_array_equal(found[own], value)
            np.testing.assert_array_equal(one, value)


@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize("shape", [(7,), (3, 2, 3)])
def test_results_have_the_shapes_of_the_outcomes(shape, count):
    first, second = tf.zeros([count, *shape]), tf.zeros([count])
    found = choose.among(outcomes(first, second), tf.zeros([count], tf.int32))
    assert [each.shape for each in found] == [first.shape, second.shape]


@pytest.mark.parametrize("shape", SHAPES)
def test_where_takes_the_first_outcome_for_true(shape):
    first, second = pair(shape)
    condition = np.arange(shape[0]) % 2 == 0
    yes, no = lambda: (first, second), lambda: (first - 1.0, second - 1.0)
    whole = choose.where(tf.constant(condition), yes, no)
    for found, given in zip(whole, (first, second)):
        np.testing.assert_array_equal(found[condition], given[condition])
        np.testing.assert_array_equal(found[~condition], given[~condition] - 1.0)
    for value in (True, False):
        (alone,) = choose.where(tf.constant([value]), lambda: (first[:1],), lambda: (-first[:1],))
        np.testing.assert_array_equal(alone, first[:1] if value else -first[:1])


def test_of_a_single_picture_only_its_outcome_is_computed():
    # What would fail is not run: the price of a picture is that of its own operations.
    def fails():
        with tf.control_dependencies([tf.debugging.Assert(False, ["computed"])]):
            return (tf.zeros([1, 2]),)

    choices = [lambda: (tf.ones([1, 2]),), fails]
    one = tf.function(lambda index: choose.among(choices, index))
    np.testing.assert_array_equal(one(tf.constant([0]))[0], [[1, 1]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="computed"):
        one(tf.constant([1]))


@pytest.mark.parametrize("function", [choose.among, choose.where])
def test_batches_of_unknown_size_are_refused(function):
    same = lambda: (tf.zeros([2, 3]),)  # noqa: E731

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def chosen(index):
        if function is choose.where:
            return choose.where(index == 1, same, same)
        return choose.among([same, same], index)

    message = r"`index` must have a static size\. Received: index\.shape=\[None\]\."
    with pytest.raises(ValueError, match=message):
        chosen(tf.constant([0, 1]))
