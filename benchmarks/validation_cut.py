"""emoji32 for choosing settings: its training split cut by identities, as its test split was cut.

No emoji of the validation part, and no variant of one, is in the rest, so its numbers compare with
those of the test split, which is not looked at. `--dataset=emoji32 --data_dir=FOLDER` reads it: its
splits are called train and test.
"""

import functools
from collections.abc import Iterator
from typing import Any

import tensorflow_datasets as tfds

from tf_simclr.data.emoji32 import builder, catalogue
from tf_simclr.data.emoji32.packages import VENDORS
from tf_simclr.data.emoji32.split import choose_test


@functools.cache
def parts() -> dict[str, frozenset[int]]:
    """Name of a split -> the numbers of its emoji: of the original's train, a quarter is test."""
    emoji = catalogue.load()
    train = [number for number, one in enumerate(emoji) if one.split == "train"]
    place = {number: index for index, number in enumerate(train)}
    chosen = choose_test(
        [emoji[number].codepoints for number in train],
        [emoji[number].label for number in train],
        [place[emoji[number].group] for number in train],
    )
    test = frozenset(train[index] for index in chosen)
    return {"train": frozenset(train) - test, "test": test}


# Its name is that of the whole, which is registered already.
with tfds.core.registered.skip_registration():

    class Emoji32(builder.Emoji32):
        """The cut, under the name of the whole: TFDS keeps it in a folder of its own."""

        def _generate_examples(self, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
            images = iter(builder.load_images())
            for number, emoji in enumerate(catalogue.load()):
                for vendor in emoji.vendors:
                    image = next(images)
                    if number in parts()[split]:
                        yield (
                            f"{emoji.codepoints}/{VENDORS[vendor]}",
                            {
                                "image": image,
                                "label": emoji.label,
                                "vendor": vendor,
                                "emoji": number,
                            },
                        )


def prepare(folder: str) -> str:
    """Writes the cut to a folder, unless it is there; returns the folder."""
    Emoji32(data_dir=folder).download_and_prepare()
    return folder
