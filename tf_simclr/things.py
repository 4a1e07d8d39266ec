"""Loads a thing by its word: it is in the file of that name, imported only when chosen."""

import importlib
from typing import Any

# Folder of a kind -> the name that each of its files defines.
NAMES = {
    "methods": "METHOD",
    "architectures": "ARCHITECTURE",
    "losses": "LOSS",
    "data.augment": "OPERATION",
    "exporting": "FORMAT",
}


def load(folder: str, word: str) -> Any:
    """The thing of a word: what the file `folder`/`word`.py defines under the name in NAMES.

    Args:
      folder: of a kind, below tf_simclr, with dots: a key of NAMES.
      word: one of the kind's words in config/choices.py.

    Raises:
      ValueError: if the word has no file, or its file no such name: it was only added to the list.
    """
    place = f"tf_simclr.{folder}.{word}"
    missing = ValueError(
        f"{word!r} is listed in config/choices.py, but {place} does not define {NAMES[folder]}."
    )
    try:
        module = importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name != place:
            raise  # Something that the file itself imports is not installed.
        raise missing from error
    if not hasattr(module, NAMES[folder]):
        raise missing
    return getattr(module, NAMES[folder])
