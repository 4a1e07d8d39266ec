"""Every emoji gets the class that a person would give it."""

import pytest

from tf_simclr.data.emoji32 import CATALOGUE, CLASS_NAMES, UNLABELLED
from tf_simclr.data.emoji32.classes import class_of

# Codepoints and what they show, read off Unicode's chart.
KNOWN = {
    "1F600": "happy face",
    "1F622": "neutral or unhappy face",
    "1F436": "animal face",
    "1F415": "mammal",
    "1F992": "mammal",  # "giraffe face", drawn with its body
    "1F422": "water animal",
    "1F40D": "bug or reptile",
    "2764": "heart",
    "1F355": "meal or sweet",
    "1F34E": "fruit or vegetable",
    "1F697": "ground vehicle",
    "2708": "water or air transport",
    "1F6D7": "sign",  # the elevator
    "1F1EB-1F1F7": "flag",
    "0031-20E3": "letter or number",
    "1F6A6": None,  # a traffic light is no vehicle
    "1F480": None,
    "2665": None,  # hearts of a card game
}


@pytest.mark.parametrize("points", KNOWN)
def test_known_emoji_have_their_class(points):
    label = next(emoji.label for emoji in CATALOGUE if emoji.codepoints == points)
    assert (None if label == UNLABELLED else CLASS_NAMES[label]) == KNOWN[points]


def test_unknown_subcategory_is_unlabelled():
    entry = {"name": "X", "short_name": "x", "subcategory": "of next year"}
    assert class_of(entry) == UNLABELLED


@pytest.mark.parametrize(
    ("name", "subcategory", "expected"),
    [
        ("OTTER FACE", "animal-mammal", "animal face"),
        ("OTTER", "animal-mammal", "mammal"),
        ("WISTFUL FACE", "face-concerned", "neutral or unhappy face"),
    ],
)
def test_a_face_is_an_animals_among_the_mammals_alone(name, subcategory, expected):
    entry = {"name": name, "short_name": "of_next_year", "subcategory": subcategory}
    assert CLASS_NAMES[class_of(entry)] == expected
