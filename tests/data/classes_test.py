import numpy as np
import pytest

from tf_simclr.data.classes import check_same_classes, listed, place_labels, places_by_name

THEIRS = ["cat", "dog", "emu"]


def test_places_and_labels_by_hand():
    places = places_by_name(["dog", "emu", "fox"], THEIRS)
    np.testing.assert_array_equal(places, [1, 2, -1])
    labels = place_labels(np.array([0, 1, 2, -1, 0]), places)
    np.testing.assert_array_equal(labels, [1, 2, -1, -1, 1])


def test_the_same_names_in_another_order_are_the_same_classes():
    ours = ["emu", "cat", "dog"]
    labels = place_labels(np.arange(3), places_by_name(ours, THEIRS))
    assert [THEIRS[label] for label in labels] == ours


@pytest.mark.parametrize("ours", [["dog", "emu", "fox"], ["emu", "cat", "dog"], ["cat", "dog"]])
def test_a_network_goes_on_with_no_other_classes_and_both_lists_are_told(ours):
    with pytest.raises(ValueError, match="`teacher` must know the classes") as error:
        check_same_classes("teacher", "a path", THEIRS, ours)
    assert "3 classes (cat, dog, emu)" in str(error.value)
    assert f"({', '.join(ours)})" in str(error.value) and "'a path'" in str(error.value)


@pytest.mark.parametrize("names", [(THEIRS, tuple(THEIRS)), (THEIRS, ()), ((), THEIRS)])
def test_equal_names_and_names_that_nobody_knows_go_on(names):
    check_same_classes("teacher", "a path", *names)


def test_many_classes_are_counted():
    assert listed(["fox"]) == "1 class (fox)"
    assert (
        listed([str(n) for n in range(12)])
        == "12 classes (0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more)"
    )
