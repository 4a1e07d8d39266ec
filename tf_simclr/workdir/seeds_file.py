"""seed_patches.json in a run's folder: the patches that are its classes, and how they were drawn.

{"seed": 0, "split": "train", "pictures": 4251, "mean": [0.8, ...], "axes": [[0.4, ...], ...],
 "patches": [["cat/a.png", 3, 0, 25], ...]}

A patch is (picture, top, left, side); its class is its place in the list. `mean` and `axes` are the
colours of all pixels, as data.seed_patches.Seeds has them.
"""

import json
import os
from typing import Any, NamedTuple

import numpy as np

from tf_simclr.data.seed_patches import Seeds
from tf_simclr.workdir import run_folder

SEEDS = "seed_patches.json"


class Drawing(NamedTuple):
    """What patches were drawn by: of equal drawings, the patches are the same.

    Attributes:
      seed: of the run.
      split: of the data.
      pictures: how many the split had.
      patches: how many were drawn.
    """

    seed: int
    split: str
    pictures: int
    patches: int


def write_seeds(folder: str, drawing: Drawing, seeds: Seeds) -> None:
    """Writes the patches to a run's folder.

    Args:
      folder: of the run; it is made if it is not there.
      drawing: by which they were drawn.
      seeds: the patches.
    """
    facts = {
        "seed": drawing.seed,
        "split": drawing.split,
        "pictures": drawing.pictures,
        "mean": seeds.mean.tolist(),
        "axes": seeds.axes.tolist(),
    }
    rows = (
        json.dumps([name, *box], ensure_ascii=False)
        for name, box in zip(seeds.names, seeds.boxes.tolist())
    )
    fields = [f"{json.dumps(name)}: {json.dumps(value)}" for name, value in facts.items()]
    text = ",\n ".join([*fields, '"patches": [\n  ' + ",\n  ".join(rows) + "]"])
    run_folder.make_writable(folder)
    run_folder.write_atomically(os.path.join(folder, SEEDS), f"{{{text}}}\n")


def read_seeds(folder: str) -> tuple[Drawing, Seeds] | None:
    """The patches in a run's folder; None if there are none, or the file is damaged.

    Args:
      folder: of the run.
    """
    facts = run_folder.read_facts(os.path.join(folder, SEEDS))
    try:
        return _seeds(facts)
    except (KeyError, TypeError, ValueError):
        return None


def _seeds(facts: dict[str, Any]) -> tuple[Drawing, Seeds]:
    """What `facts` tell. Raises KeyError, TypeError or ValueError if they are others."""
    rows = facts["patches"]
    boxes = np.array([row[1:] for row in rows], np.int32).reshape(len(rows), 3)
    seeds = Seeds(
        names=tuple(str(row[0]) for row in rows),
        boxes=boxes,
        mean=np.array(facts["mean"], np.float64).reshape(3),
        axes=np.array(facts["axes"], np.float64).reshape(3, 3),
    )
    drawing = Drawing(int(facts["seed"]), str(facts["split"]), int(facts["pictures"]), len(rows))
    return drawing, seeds
