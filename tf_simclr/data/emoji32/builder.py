"""emoji32 as a TFDS data set, built from the bundled files with no network."""

import contextlib
import io
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tf_simclr.data.emoji32 import catalogue, codec
from tf_simclr.data.emoji32.classes import CLASS_NAMES
from tf_simclr.data.emoji32.packages import VENDORS

# CC BY asks to name these authors on every page that shows their drawings.
LICENCE = (
    "Noto Emoji by Google (Apache-2.0), Twemoji by Twitter, Inc and other contributors (CC BY 4.0,"
    " https://creativecommons.org/licenses/by/4.0/), Fluent Emoji by Microsoft (MIT)"
)
_DESCRIPTION = """
Emoji on white, 32x32 RGB, each drawn by two or three vendors (Google's Noto Emoji, Twitter's
Twemoji, Microsoft's Fluent Emoji 3D). No emoji of the test split, and no variant of one, is in the
training split. Two tasks: the class, and finding the same emoji drawn by another vendor.
"""


def load_images() -> np.ndarray:
    """Returns every drawing, uint8 [count, 32, 32, 3], in the catalogue's order."""
    count = sum(len(emoji.vendors) for emoji in catalogue.load())
    return codec.decode(catalogue.DATA_FILE.read_bytes(), count=count)


class Emoji32(tfds.core.GeneratorBasedBuilder):
    """The data set: `image`, `label` (-1: none), `vendor` and `emoji` (its number)."""

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar[dict[str, str]] = {"1.0.0": "Unicode 16, three vendors."}

    def _info(self) -> tfds.core.DatasetInfo:
        features = tfds.features.FeaturesDict(
            {
                "image": tfds.features.Image(
                    shape=codec.SHAPE, dtype=np.uint8, encoding_format="png"
                ),
                # ClassLabel takes -1 for "no label".
                "label": tfds.features.ClassLabel(names=list(CLASS_NAMES)),
                "vendor": tfds.features.ClassLabel(names=list(VENDORS)),
                "emoji": tfds.features.Scalar(np.int64),
            }
        )
        return tfds.core.DatasetInfo(
            builder=self,
            description=_DESCRIPTION,
            features=features,
            supervised_keys=("image", "label"),
            license=LICENCE,
        )

    def download_and_prepare(self, **options: Any) -> None:
        """Prepares it, without TFDS' talk of a download and bars wider than a terminal."""
        tfds.disable_progress_bar()
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                super().download_and_prepare(**options)
        finally:
            tfds.enable_progress_bar()

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        del dl_manager  # Nothing is downloaded.
        return {split: self._generate_examples(split) for split in ("train", "test")}

    def _generate_examples(self, split: str) -> Iterator[tuple[str, dict[str, Any]]]:
        images = iter(load_images())
        for number, emoji in enumerate(catalogue.load()):
            for vendor in emoji.vendors:
                image = next(images)
                if emoji.split == split:
                    yield (
                        f"{emoji.codepoints}/{VENDORS[vendor]}",
                        {"image": image, "label": emoji.label, "vendor": vendor, "emoji": number},
                    )
