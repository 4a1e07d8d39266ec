"""The picture and the network are the largest that the pictures and the time allow."""

import dataclasses

import pytest

from tf_simclr.choosing import network
from tf_simclr.choosing.cost import step_gflop
from tf_simclr.choosing.network import Time
from tf_simclr.data.facts import Facts

SOME = Facts(pictures=3361, labelled=0, classes=0, side=300, gray=0.0)
BATCH = 128
AGES = Time(seconds=1e12, per_gflop=0.01, steps=2000)


def time_for(depth, width, side, steps=2000):
    """Just enough for steps of this network, a hundredth of a second for a GFLOP."""
    gflop = step_gflop(depth, width, side, BATCH, *network.seen(side))
    return Time(steps * gflop * 0.01 * 1.001, 0.01, steps)


@pytest.mark.parametrize(("side", "size"), [(20, 48), (48, 48), (63, 48), (130, 128), (4000, 224)])
def test_pictures_are_not_made_larger_than_they_are(side, size):
    choice = network.image_size(dataclasses.replace(SOME, side=side), AGES, BATCH)
    assert choice.value == size


@pytest.mark.parametrize(
    ("side", "reason"),
    [(48, "64 would take"), (64, "96 is for"), (128, "160 is for"), (160, "192 is for")],
)
def test_pictures_are_as_large_as_time_allows(side, reason):
    enough = time_for(10, 0.5, side)
    if side > network.HALVED:
        enough = enough._replace(seconds=3 * enough.seconds)
    choice = network.image_size(SOME, enough, BATCH)
    assert choice.value == side and reason in choice.reason
    less = enough._replace(seconds=0.99 * enough.seconds)
    assert network.image_size(SOME, less, BATCH).value < max(side, 49)


def test_without_time_pictures_are_the_smallest():
    assert network.image_size(SOME, Time(1.0, 0.01, 2000), BATCH).value == 48


@pytest.mark.parametrize(
    ("side", "stem", "view"), [(48, "small", 24), (64, "small", 32), (32, "small", 32)]
)
def test_small_pictures_have_a_small_stem_and_small_views(side, stem, view):
    assert network.seen(side) == (stem, view)
    assert network.seen(side, stem="large") == ("large", view)
    assert network.seen(side, view=40) == (stem, 40)
    assert network.seen(side, view=0) == (stem, side)  # As the flag is read.


def test_stem_and_views_have_reasons_of_their_own():
    for side in (48, 96):
        assert network.stem_of(side).reason != network.view_of(side).reason


def test_large_pictures_are_seen_as_in_the_papers():
    assert network.seen(96) == ("large", 96)
    assert network.seen(224, view=160) == ("large", 160)


def chosen(facts, time, depth=None, width=None):
    return network.network(facts, time, BATCH, 64, depth, width, network.seen(64)).value


def test_the_network_is_the_largest_that_time_allows():
    many = dataclasses.replace(SOME, pictures=10**6)
    assert chosen(many, AGES) == (50, 1.0)
    assert chosen(many, time_for(10, 0.5, 64)) == (10, 0.5)
    assert chosen(many, time_for(18, 0.5, 64)) == (18, 0.5)
    assert chosen(many, time_for(34, 1.0, 64)) == (34, 1.0)


@pytest.mark.parametrize(
    ("count", "value"), [(9_999, (10, 0.5)), (10_000, (18, 0.5)), (20_000, (50, 1.0))]
)
def test_few_pictures_have_a_small_network(count, value):
    assert chosen(dataclasses.replace(SOME, pictures=count), AGES) == value


def test_what_is_given_of_the_network_stays():
    many = dataclasses.replace(SOME, pictures=10**6)
    assert chosen(many, AGES, depth=18) == (18, 1.0)
    assert chosen(many, AGES, width=0.25) == (50, 0.25)


def test_the_projection_head():
    assert network.projection_layers(SOME).value == 1
    assert network.projection_layers(dataclasses.replace(SOME, pictures=20_000)).value == 3
