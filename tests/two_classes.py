"""A small data set: pictures of noise in two classes, which are told apart by their brightness."""

import pathlib

import numpy as np
from PIL import Image


def draw(folder: pathlib.Path) -> None:
    """Writes FOLDER/train and FOLDER/test, 16 and 8 PNG pictures of 20 x 20 pixels."""
    random = np.random.default_rng(0)
    for split, count in (("train", 8), ("test", 4)):
        for number, name in enumerate(("dark", "light")):
            (folder / split / name).mkdir(parents=True)
            for index in range(count):
                pixels = random.integers(0, 128, (20, 20, 3)) + 127 * number
                picture = Image.fromarray(pixels.astype(np.uint8))
                picture.save(folder / split / name / f"{index}.png")
