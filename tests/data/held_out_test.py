"""Which pictures are held out: in proportion, with all copies, and the same ones another day."""

import collections
import random

import pytest

from tf_simclr.data.held_out import again, choose


def folder(sizes, *, copies=()):
    """(labels, contents) of classes with so many pictures; `copies` are pairs of equal content."""
    labels = {
        f"{label}/{number:04}.png": label for label, size in sizes.items() for number in range(size)
    }
    contents = {name: f"content of {name}" for name in labels}
    for name, original in copies:
        contents[name] = contents[original]
    return labels, contents


def counted(labels, names):
    return collections.Counter(labels[name] for name in names)


@pytest.mark.parametrize(
    ("sizes", "held"),
    [
        # A tenth: 120 of 1,200.
        ({0: 1000, 1: 150, 2: 50}, {0: 100, 1: 15, 2: 5}),
        # 105 of 1,050; their parts 70, 30.3 and 4.7: the last unit goes to the largest remainder.
        ({0: 700, 1: 303, 2: 47}, {0: 70, 1: 30, 2: 5}),
        # At least 100, a third: 66.7 and 33.3.
        ({0: 200, 1: 100}, {0: 67, 1: 33}),
        # Half of less than 200, and never more than half of a class.
        ({0: 40, 1: 21}, {0: 20, 1: 10}),
        # Those without a label are one more class; of a single picture none is held out.
        ({-1: 1500, 0: 499, 1: 1}, {-1: 150, 0: 50}),
        ({0: 2}, {0: 1}),
        # Nothing is left to hold out of classes of one picture: labels are ignored.
        ({label: 1 for label in range(400)}, 100),
    ],
)
def test_each_class_has_its_share(sizes, held):
    labels, contents = folder(sizes)
    chosen = choose(labels, contents)
    if isinstance(held, int):
        assert len(chosen) == held
    else:
        assert counted(labels, chosen) == held


@pytest.mark.parametrize(("share", "least", "held"), [(0.2, 0, 80), (0.05, 30, 30), (0, 500, 200)])
def test_the_share_is_an_argument(share, least, held):
    assert len(choose(*folder({0: 300, 1: 100}), share=share, least=least)) == held


def test_the_order_of_a_listing_and_names_do_not_matter():
    labels, contents = folder({0: 300, 1: 40, -1: 70})
    chosen = choose(labels, contents)
    names = list(labels)
    random.Random(0).shuffle(names)
    assert chosen == choose({name: labels[name] for name in names}, contents)
    moved = {name: f"elsewhere/{number}" for number, name in enumerate(names)}
    of_moved = choose(
        {moved[name]: labels[name] for name in names},
        {moved[name]: contents[name] for name in names},
    )
    assert of_moved == {moved[name] for name in chosen}


@pytest.mark.parametrize("more", [1, 50])
def test_pictures_that_come_later_move_few(more):
    labels, contents = folder({0: 2000, 1: 1000})
    before = choose(labels, contents)
    labels |= {f"0/later{number}.png": 0 for number in range(more)}
    after = choose(labels, contents | {name: name for name in labels if name not in contents})
    # Of 50 about 5 fall into the tenth themselves, and its border moves by less than that.
    assert len(after) == round(0.1 * len(labels))
    assert len(before - after) <= 1 + more // 10
    assert len(after - before) <= 1 + more // 5


def test_copies_stay_together_also_those_of_other_classes():
    copies = [(f"0/{number:04}.png", f"0/{number - 1:04}.png") for number in range(1, 200, 2)]
    copies += [(f"1/{number:04}.png", f"0/{number:04}.png") for number in range(200, 260)]
    copies += [(f"-1/{number:04}.png", f"1/{number + 200:04}.png") for number in range(20)]
    labels, contents = folder({0: 1000, 1: 400, -1: 100}, copies=copies)
    chosen = choose(labels, contents)
    held = {contents[name] for name in chosen}
    assert held.isdisjoint(contents[name] for name in labels if name not in chosen)
    assert any(len([n for n in chosen if contents[n] == key]) > 1 for key in held)
    for label, count in counted(labels, chosen).items():
        assert abs(count - {0: 100, 1: 40, -1: 10}[label]) <= 1


@pytest.mark.parametrize("size", [1, 2, 9])
def test_of_one_content_nothing_can_be_held_out(size):
    labels, _ = folder({0: size})
    assert choose(labels, dict.fromkeys(labels, "same")) == frozenset()


def test_no_class_is_held_out_whole():
    # The only picture of class 1 is a copy of one of class 0: it would go with that one.
    labels, contents = folder({0: 30, 1: 1, 2: 2}, copies=[("1/0000.png", "0/0004.png")])
    chosen = choose(labels, contents)
    assert not {"1/0000.png", "0/0004.png"} & chosen
    assert counted(labels, chosen) == {0: 15, 2: 1}


def test_what_was_held_out_is_found_again_whatever_became_of_the_folder():
    before = {"a": "1", "b": "2", "c": "3", "d": "4"}
    assert again(before, {**before, "e": "5"}) == (set("abcd"), set(), 0)
    changed = {
        **{"a": "1", "B": "2", "d": "another"},  # b is called B, c is gone, d was changed.
        **{"copy": "1", "copy of B": "2", "former d": "4"},
        **{"new": "6", "another new": "7"},
    }
    found = again(before, changed)
    assert found.held_out == {"a", "B", "copy of B", "d"}
    assert found.left_out == {"copy", "former d"}
    assert found.missing == 1


def test_the_list_of_another_folder_is_not_used():
    before = {str(number): f"content {number}" for number in range(20)}
    shared = {"x": "content 3", "7": "another picture of the same name"}
    assert again(before, shared) is None
    assert again(before, shared | {"y": "content 4"}).held_out == {"x", "y", "7"}
