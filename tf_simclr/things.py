"""Things by their words: each lies in a file of that name, and is imported when it is chosen."""

import importlib
from typing import Any

# Folder of a kind -> the name that a thing of it has in its file.
NAMES = {
    "methods": "METHOD",
    "architectures": "ARCHITECTURE",
    "losses": "LOSS",
    "data.augment": "OPERATION",
    "exporting": "FORMAT",
}


def load(folder: str, word: str) -> Any:
    """The thing that goes by a word: what the file `folder`/`word`.py names as NAMES says.

    Args:
      folder: of a kind, below tf_simclr, with dots: a key of NAMES.
      word: one of the kind's in config/choices.py.

    Raises:
      ValueError: if the word has no file, or its file no such thing: it was only added to the list.
    """
    place = f"tf_simclr.{folder}.{word}"
    try:
        return getattr(importlib.import_module(place), NAMES[folder])
    except (ModuleNotFoundError, AttributeError) as error:
        if isinstance(error, ModuleNotFoundError) and error.name != place:
            raise  # What the thing itself imports is not installed.
        raise ValueError(
            f"{word!r} is a word of config/choices.py without a thing: {place} must define"
            f" {NAMES[folder]}."
        ) from error
