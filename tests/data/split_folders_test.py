"""Folders of common names are splits, classes stay classes, and what is in doubt is refused."""

import pytest

from tf_simclr.data.split_folders import find_splits, refuse_inner_splits, split_of

OWN = {""}  # pictures of its own
CLASSES = {"cat", "dog"}


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("train", ["train", "Train", "TRAINING", "training"]),
        ("test", ["test", "TEST", "Testing"]),
        ("validation", ["validation", "Valid", "val", "DEV", "dev"]),
        (None, ["trainer", "train2017", "samples", "", "evaluation"]),
    ],
)
def test_common_names_are_splits_whatever_their_case(split, names):
    assert {name: split_of(name) for name in names} == dict.fromkeys(names, split)


@pytest.mark.parametrize(
    "found",
    [
        {"train": "train", "valid": "validation"},
        {"Training": "train", "Testing": "test"},
        {"train": "train", "dev": "validation", "test": "test"},
        {"train": "train"},
    ],
)
@pytest.mark.parametrize("inside", [OWN, CLASSES, OWN | CLASSES])
def test_folders_of_such_names_are_splits(found, inside):
    assert find_splits(dict.fromkeys(found, inside)) == found


@pytest.mark.parametrize(
    "folders",
    [
        {"bus": OWN, "car": OWN, "train": OWN},
        {"bus": OWN, "car": OWN | {"old"}, "train": OWN, "": OWN},
        {"Running": OWN, "Training": OWN},
        {"cat": OWN, "dog": {"a", "b"}},
        {"": OWN},
        {"steam_train": OWN, "bullet_train": OWN, "car": OWN},
        {"train_a": OWN, "test_a": OWN} | {f"c{number}": OWN for number in range(3)},
    ],
)
def test_classes_are_no_splits(folders):
    assert find_splits(folders) == {}


@pytest.mark.parametrize(
    ("folders", "said"),
    [
        ({"train": CLASSES, "samples": OWN}, "splits train next to samples. Move or rename"),
        ({"train": OWN | CLASSES, "samples": OWN}, "splits train next to samples."),  # And a stray.
        ({"train": OWN, "bus": {"red"}}, "splits train next to bus."),
        ({"train": OWN, "": OWN}, "splits train next to pictures."),
        ({"cat": OWN, "dog": OWN, "val": OWN}, "splits val next to cat, dog."),
        ({"train": OWN, "test": OWN, "extra": OWN}, "splits test, train next to extra."),
        ({"train": OWN, "val": OWN, "valid": OWN}, "Received: val, valid, which are all called"),
        ({"train": OWN, "Train": OWN}, "Received: Train, train, which are all called train"),
        ({"training_set": CLASSES, "test_set": CLASSES}, "test_set, training_set, which look"),
        ({"traindata": CLASSES, "testdata": CLASSES}, "testdata, traindata, which look like"),
        ({"train2017": OWN, "val2017": OWN}, "Received: train2017, val2017, which look like"),
        ({"trainA": OWN, "testA": OWN, "": OWN}, "Received: testA, trainA, which look like"),
    ],
)
def test_what_is_in_doubt_is_refused_with_what_was_found_and_what_to_do(folders, said):
    with pytest.raises(ValueError, match="^`data_dir` must .*(Move|Make|Rename)") as caught:
        find_splits(folders)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["d/train/cat/a.png", "d/val/cat/b.png"], "train, val inside of d."),
        (["a/b/Train/a.png", "a/b/test/b.png"], "Train, test inside of a/b."),
        (["cat/train/a.png", "cat/test/b.png", "dog/train/c.png"], "test, train inside of cat."),
    ],
)
def test_splits_inside_of_another_folder_are_refused(paths, said):
    with pytest.raises(ValueError, match="must be the folder that holds the splits") as caught:
        refuse_inner_splits(paths)
    assert said in str(caught.value)


def test_single_folders_of_such_a_name_are_none():
    refuse_inner_splits(["cat/train/a.png", "dog/test/a.png", "cat/val.png", "test/a.png"])
