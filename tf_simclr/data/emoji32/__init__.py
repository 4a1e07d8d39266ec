"""emoji32: 1900 emoji by three vendors as 32x32 pictures, bundled with the package.

What it holds, how it is split, and whose pictures they are: README.md beside this file.
"""

from tf_simclr.data.emoji32 import catalogue
from tf_simclr.data.emoji32.builder import Emoji32, load_images
from tf_simclr.data.emoji32.catalogue import Emoji
from tf_simclr.data.emoji32.classes import CLASS_NAMES, UNLABELLED
from tf_simclr.data.emoji32.packages import VENDORS

# The number in the feature `emoji` is an index into both. Read on first use (by __getattr__), so
# that make_data, which writes the file, can be run where it is missing or out of date.
CATALOGUE: tuple[Emoji, ...]
IDENTITIES: tuple[str, ...]

__all__ = [
    "CATALOGUE",
    "CLASS_NAMES",
    "IDENTITIES",
    "UNLABELLED",
    "VENDORS",
    "Emoji",
    "Emoji32",
    "load_images",
]


def __getattr__(name: str) -> tuple[Emoji, ...] | tuple[str, ...]:
    if name == "CATALOGUE":
        return catalogue.load()
    if name == "IDENTITIES":
        return tuple(emoji.name for emoji in catalogue.load())
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
