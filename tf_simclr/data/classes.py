"""Matches the classes of data and of a network by their names."""

from collections.abc import Sequence

import numpy as np

from tf_simclr.data.source import UNLABELLED

NO_NAMES = "did not store the names of its classes; they are matched by order"
NAMED = 10  # classes in a line; the others are counted


def places_by_name(ours: Sequence[str], theirs: Sequence[str]) -> np.ndarray:
    """For each class of some data, its place among the classes that a network knows.

    >>> places_by_name(["dog", "emu", "fox"], ["cat", "dog", "emu"]).tolist()
    [1, 2, -1]

    Args:
      ours: names of the data's classes, in the order of its labels.
      theirs: names of the network's classes, in the order of its logits.

    Returns:
      int64 [len(ours)], -1 for a class that the network does not know.
    """
    place = {name: index for index, name in enumerate(theirs)}
    return np.array([place.get(name, UNLABELLED) for name in ours], np.int64)


def place_labels(labels: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Turns labels of data into those of a network: int64 [rows]; -1 stays.

    Args:
      labels: int [rows], -1 where there is none.
      places: as `places_by_name` gives them.
    """
    # One more place at the end, for the index -1.
    return np.append(places, UNLABELLED)[labels]


def check_same_classes(flag: str, path: str, theirs: Sequence[str], ours: Sequence[str]) -> None:
    """Checks that data has the classes that a network was trained on, in the same order.

    If one of the two has no names, there is nothing to compare.

    Args:
      flag: the one that names the network, for the message.
      path: its value.
      theirs: names of the network's classes.
      ours: names of the data's.

    Raises:
      ValueError: if they differ.
    """
    if not theirs or not ours or tuple(theirs) == tuple(ours):
        return
    raise ValueError(
        f"`{flag}` must know the classes of the data, by name and in the same order: it knows"
        f" {listed(theirs)}, and the data has {listed(ours)}. Received: {flag}={path!r}. Give data"
        f" of the same classes, or another {'folder' if flag == 'model_dir' else flag}."
    )


def listed(names: Sequence[str]) -> str:
    """Names of classes in a line: "3 classes (cat, dog, emu)"; of many, the first ten."""
    shown = ", ".join(names[:NAMED])
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{len(names)} class{'es' * (len(names) != 1)} ({shown}{more})"
