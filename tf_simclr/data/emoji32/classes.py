"""The 37 classes of emoji32, merged from the category tree of emoji.json.

The tree is Unicode's own (CLDR): a class is one or a few of its subcategories that belong together
in meaning and mostly in looks. A subcategory that is too small or too mixed is left out, and its
emoji stay unlabelled.
"""

from collections.abc import Mapping
from typing import Any

UNLABELLED = -1

# Class name -> subcategories of emoji.json. The order gives the label.
SUBCATEGORIES: dict[str, tuple[str, ...]] = {
    "happy face": ("face-smiling", "face-affection", "face-tongue", "face-hat", "face-glasses"),
    "neutral or unhappy face": (
        "face-hand",
        "face-neutral-skeptical",
        "face-sleepy",
        "face-unwell",
        "face-concerned",
        "face-negative",
    ),
    "animal face": ("cat-face", "monkey-face"),
    "mammal": ("animal-mammal",),
    "bird": ("animal-bird",),
    "water animal": ("animal-amphibian", "animal-marine"),
    "bug or reptile": ("animal-bug", "animal-reptile"),
    "plant": ("plant-flower", "plant-other"),
    "heart": ("heart",),
    "hand or body part": (
        "hand-fingers-open",
        "hand-fingers-partial",
        "hand-single-finger",
        "hand-fingers-closed",
        "hands",
        "hand-prop",
        "body-parts",
    ),
    "portrait": ("person",),
    "gesturing person": ("person-gesture",),
    "occupation": ("person-role",),
    "fantasy person": ("person-fantasy",),
    "person in action": ("person-activity",),
    "person at sport": ("person-sport",),
    "fruit or vegetable": ("food-fruit", "food-vegetable"),
    "meal or sweet": ("food-prepared", "food-asian", "food-sweet"),
    "drink or tableware": ("drink", "dishware"),
    "building": ("place-building", "place-religious"),
    "scenery": ("place-geographic", "place-other"),
    "ground vehicle": ("transport-ground",),
    "water or air transport": ("transport-water", "transport-air"),
    "sky or weather": ("sky & weather",),
    "sport or game": ("sport", "game"),
    "clothing": ("clothing",),
    "sound or music": ("sound", "music", "musical-instrument"),
    "device": ("phone", "computer", "light & video"),
    "paper or office supply": ("book-paper", "mail", "writing", "office"),
    "tool or lock": ("tool", "lock"),
    "household": ("household",),
    "sign": ("transport-sign", "warning"),
    "arrow or media button": ("arrow", "av-symbol"),
    "zodiac or religion": ("zodiac", "religion"),
    "letter or number": ("alphanum", "keycap"),
    "shape": ("geometric",),
    "flag": ("flag", "country-flag", "subdivision-flag"),
}
CLASS_NAMES: tuple[str, ...] = tuple(SUBCATEGORIES)

# Emoji of another class than the rest of their subcategory: class name -> short names.
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "happy face": ("hugging_face", "face_with_hand_over_mouth"),
    "animal face": ("koala", "moose", "polar_bear", "raccoon"),
    "mammal": ("giraffe_face",),  # Drawn with its body, whatever its name says.
    "water animal": ("crocodile", "turtle"),
    "sign": ("elevator",),
}
# Emoji unlike the rest of their subcategory that fit no class: subcategory -> short names.
UNLABELLED_EXCEPTIONS: dict[str, tuple[str, ...]] = {
    "face-negative": ("skull", "skull_and_crossbones"),
    "animal-mammal": ("feet", "pig_nose"),
    "plant-other": ("empty_nest", "nest_with_eggs"),
    "place-building": ("bricks", "rock", "wood"),
    "place-other": ("barber", "hotsprings"),
    "transport-ground": (  # Stops, roads, signs, parts.
        "busstop",
        "motorway",
        "railway_track",
        "oil_drum",
        "fuelpump",
        "wheel",
        "rotating_light",
        "traffic_light",
        "vertical_traffic_light",
        "octagonal_sign",
        "construction",
    ),
    "transport-water": ("anchor", "ring_buoy"),
    "transport-air": ("seat",),
    "game": ("hearts",),  # Of a card game: it looks like a heart.
    "computer": ("abacus",),
    "light & video": ("candle", "izakaya_lantern", "diya_lamp", "mag", "mag_right"),
}
_SPECIAL = {short: name for name, shorts in EXCEPTIONS.items() for short in shorts}
_OF_SUBCATEGORY = {sub: name for name, subs in SUBCATEGORIES.items() for sub in subs}


def class_of(entry: Mapping[str, Any]) -> int:
    """Returns the label of one record of emoji.json.

    Args:
      entry: A record with the fields `name`, `short_name` and `subcategory`.

    Returns:
      An index into `CLASS_NAMES`, or `UNLABELLED` (-1) for an emoji that fits no class.
    """
    short = entry["short_name"]
    if short in UNLABELLED_EXCEPTIONS.get(entry["subcategory"], ()):
        return UNLABELLED
    if short in _SPECIAL:
        return CLASS_NAMES.index(_SPECIAL[short])
    # "DOG FACE" is a head seen from the front, "DOG" the whole animal from the side.
    if entry["subcategory"] == "animal-mammal" and entry["name"].upper().endswith(" FACE"):
        return CLASS_NAMES.index("animal face")
    name = _OF_SUBCATEGORY.get(entry["subcategory"])
    return UNLABELLED if name is None else CLASS_NAMES.index(name)
