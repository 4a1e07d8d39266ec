"""The line that says what was found in a data set."""

import types

import pytest

from tf_simclr.data.contents import describe

PETS = ("cat", "dog", "emu")


def data(class_names, **counts):
    """A source of splits: name -> (pictures, those with a label)."""

    def count(split, column):
        if split not in counts:
            raise ValueError(split)
        return counts[split][column]

    return types.SimpleNamespace(
        class_names=class_names,
        num_classes=len(class_names),
        num_examples=lambda split: count(split, 0),
        num_labelled=lambda split: count(split, 1),
    )


USES = {"to train": "train", "to judge": "test"}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            data(PETS, train=(60, 60), test=(24, 24)),
            "3 classes: cat, dog, emu; 60 pictures to train, 24 to judge",
        ),
        (data((), train=(40, 0)), "No classes; 40 pictures to train"),
        (
            data(PETS, train=(61, 60), test=(8, 0)),
            "3 classes: cat, dog, emu; 61 pictures to train (1 without a label),"
            " 8 to judge (none has a label)",
        ),
        (data(PETS, train=(1, None)), "3 classes: cat, dog, emu; 1 picture to train"),
        (data(PETS), "3 classes: cat, dog, emu"),
        (
            data(tuple("abcdefghijkl"), test=(5, None)),
            "12 classes: a, b, c, d, e, f, g, h, i, j and 2 more; 5 pictures to judge",
        ),
        (data(("a\nb", "c"), train=(2, 2)), "2 classes: 'a\\nb', c; 2 pictures to train"),
    ],
)
def test_classes_and_pictures_are_told(found, said):
    assert describe(found, USES) == said
