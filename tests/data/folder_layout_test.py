"""Splits and classes are read off paths alone."""

import pytest

from tf_simclr.data.folder_layout import arrange


@pytest.mark.parametrize("names", [("train", "valid"), ("Training", "DEV")])
def test_splits_hold_the_same_classes(names):
    train, valid = names
    layout = arrange([f"{train}/dog/a.png", f"{train}/cat/b.png", f"{valid}/cat/more/c.png"])
    assert layout.class_names == ("cat", "dog")
    assert layout.splits == {
        "train": {f"{train}/dog/a.png": 1, f"{train}/cat/b.png": 0},
        "validation": {f"{valid}/cat/more/c.png": 0},
    }


def test_a_train_among_vehicles_is_a_class():
    layout = arrange(["bus/a.png", "car/b.png", "train/c.png"])
    assert layout.class_names == ("bus", "car", "train")
    assert layout.splits == {"train": {"bus/a.png": 0, "car/b.png": 1, "train/c.png": 2}}


@pytest.mark.parametrize("head", ["", "train/"])
def test_a_picture_beside_the_classes_has_no_label_and_they_keep_theirs(head):
    layout = arrange([f"{head}sheet.png", f"{head}cat/a.png", f"{head}dog/b.png"])
    assert layout.class_names == ("cat", "dog")
    assert layout.splits["train"] == {
        f"{head}sheet.png": -1,
        f"{head}cat/a.png": 0,
        f"{head}dog/b.png": 1,
    }


@pytest.mark.parametrize("paths", [["a.png", "b.png"], ["a.png", "x/b.png"], ["x/y/a.png"]])
def test_fewer_than_two_folders_are_no_classes(paths):
    layout = arrange(paths)
    assert layout.class_names == ()
    assert layout.splits == {"train": dict.fromkeys(paths, -1)}


@pytest.mark.parametrize(
    ("first", "second"), [("cat", "Cat"), ("caf\u00e9", "cafe\u0301"), ("cat", "cat ")]
)
def test_a_class_is_called_the_same_in_all_splits(first, second):
    paths = [f"train/{first}/a.png", "train/dog/b.png", f"test/{second}/c.png", "test/dog/d.png"]
    with pytest.raises(ValueError, match="call a class by the same name in all splits") as caught:
        arrange(paths)
    assert repr(first) in str(caught.value) and repr(second) in str(caught.value)


def test_letters_of_both_cases_are_classes_where_all_splits_have_them():
    paths = [f"{split}/{name}/1.png" for split in ("train", "test") for name in "aAb"]
    assert arrange(paths).class_names == ("A", "a", "b")
