"""Variants are found, groups are kept whole, and a quarter is for test."""

import numpy as np
import pytest

from tf_simclr.data.emoji32 import split


@pytest.mark.parametrize(
    ("spelling", "normal"),
    [
        ("1f600", "1F600"),
        ("23-fe0f-20e3", "0023-20E3"),
        ("1f3f4-e0067_e0062", "1F3F4-E0067-E0062"),
        ("2764-FE0F-200D-1F525", "2764-200D-1F525"),
    ],
)
def test_normalise(spelling, normal):
    assert split.normalise(spelling) == normal


@pytest.mark.parametrize(
    "variants",
    [
        ("1F468-200D-1F373", "1F469-200D-1F373", "1F9D1-200D-1F373"),  # cooks
        ("1F3C3", "1F3C3-200D-2640", "1F3C3-200D-2642-200D-27A1"),  # runners
        ("1F46A", "1F468-200D-1F469-200D-1F467-200D-1F466", "1F9D1-200D-1F9D1-200D-1F9D2"),
        ("1F48F", "1F469-200D-2764-200D-1F48B-200D-1F468"),  # kisses
        ("1F550", "1F55C", "1F567"),  # one o'clock, half past one, half past twelve
        ("2B06", "27A1", "2199"),  # arrows
    ],
)
def test_variants_have_one_base(variants):
    assert len({split.base_of(points) for points in variants}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1F468-200D-1F373", "1F468-200D-1F33E"),  # cook, farmer
        ("1F436", "1F415"),  # dog's face, dog
        ("1F1E9-1F1EA", "1F1EA-1F1E9"),  # flags: the order counts
    ],
)
def test_different_emoji_have_different_bases(one, other):
    assert split.base_of(one) != split.base_of(other)


def test_drawings_alike_or_mirrored_are_one_group():
    generator = np.random.default_rng(0)
    first, second, third = generator.integers(8, 248, (3, 32, 32, 3), np.uint8)
    near = (first + generator.integers(0, 8, first.shape)).astype(np.uint8)  # rms about 4
    points = ["1F10A", "1F10B", "1F10C", "1F10D", "1F10E"]
    drawings = [{0: first}, {0: second, 1: third}, {0: second[:, ::-1]}, {0: near}, {1: first}]
    # The last is drawn like the first, but by another vendor: that is no evidence.
    assert split.group_variants(points, drawings) == [0, 1, 1, 0, 4]


def test_a_quarter_of_each_label_is_chosen_in_whole_groups():
    points = [f"1F{index:03X}" for index in range(60)]
    labels = [-1] * 20 + [0] * 40
    groups = list(range(20)) + [20 + index // 2 * 2 for index in range(40)]
    test = split.choose_test(points, labels, groups)
    assert sum(labels[index] == -1 for index in test) == 5
    assert sum(labels[index] == 0 for index in test) == 10
    assert all((index in test) == (groups[index] in test) for index in range(60))
    assert test == split.choose_test(points, labels, groups)


def test_a_large_group_stays_in_training():
    size = split.LARGEST_TEST_GROUP + 1
    groups = [0] * size + list(range(size, 100))
    points = [f"1F{index:03X}" for index in range(100)]
    test = split.choose_test(points, [0] * 100, groups)
    assert len(test) == 25
    assert not test & set(range(size))


def test_choice_does_not_depend_on_the_order_of_emoji():
    points = [f"1F{index:03X}" for index in range(40)]
    chosen = {points[index] for index in split.choose_test(points, [0] * 40, range(40))}
    turned = points[::-1]
    again = {turned[index] for index in split.choose_test(turned, [0] * 40, range(40))}
    assert chosen == again
