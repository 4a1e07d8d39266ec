"""What a network was trained on, and its classes, as its run or its export recorded them.

{"name": "emoji32", "licence": "...", "class_names": ["animal", ...], "pictures": {"train": 9792},
"order": 2}

Where pictures are held out, there is also "held_out": name -> key of the content of each.
"""

import json
import os
from typing import Any

from tf_simclr.data import order
from tf_simclr.data.source import Source
from tf_simclr.exporting import card
from tf_simclr.workdir import run_folder

DATASET = "dataset.json"  # in a run's folder
HELD_OUT = "held_out"


def write_dataset(data: Source, folder: str, *, class_names: tuple[str, ...] = ()) -> None:
    """Writes what a run is trained on to its folder, for later evaluations and exports.

    Args:
      data: of the run.
      folder: of the run.
      class_names: those that a student learns from its teacher, if its data has none.
    """
    facts: dict[str, Any] = {
        "name": data.name,
        "licence": data.licence,
        "class_names": list(data.class_names or class_names),
        "pictures": dict(data.splits),
        "order": order.VERSION,
    }
    if data.held_out:
        # Those that are gone for now stay held out.
        facts[HELD_OUT] = _held_out_in(folder) | dict(data.held_out)
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    run_folder.write_atomically(os.path.join(folder, DATASET), text)


def check_order(model_dir: str, step: int) -> None:
    """Checks that a resumed run sees its pictures in the same order as when it began.

    Args:
      model_dir: of the run.
      step: where it resumes, more than 0.

    Raises:
      ValueError: if it began with the order of another version, or none is recorded.
    """
    facts = run_folder.read_facts(os.path.join(model_dir, DATASET))
    if not facts:
        raise ValueError(
            f"`model_dir` must hold a readable {DATASET} for a run to go on: it records the order"
            f" of the pictures. Received: model_dir={model_dir!r}, at step {step}, without one."
            " Restore it, or start anew in another folder."
        )
    begun = facts.get("order", 1)
    if begun != order.VERSION:
        raise ValueError(
            "`model_dir` must hold a run with this version's order of pictures. Received:"
            f" model_dir={model_dir!r}, at step {step}, of order {begun}; this version has order"
            f" {order.VERSION}. Finish it with the version that began it, or start anew in another"
            " folder."
        )


def dataset_facts(path: str) -> dict[str, Any]:
    """The facts of the run, the export or the checkpoint's prefix at `path`; {} if there are none.

    Names of pictures are not among them: `held_out_at` reads these.

    Args:
      path: as pretrained.find takes it.
    """
    for folder in around(path):
        told = card.read(folder)
        facts = told.dataset if told else run_folder.read_facts(os.path.join(folder, DATASET))
        if facts:
            return {name: value for name, value in facts.items() if name != HELD_OUT}
    return {}


def held_out_at(path: str | None) -> dict[str, str]:
    """The pictures that a run held out: name -> key of the content; {} if none, or not known.

    Args:
      path: of the run, or of a checkpoint or an export in its folder; None is nowhere.
    """
    folders = around(path) if path else ()
    return next((found for folder in folders if (found := _held_out_in(folder))), {})


def _held_out_in(folder: str) -> dict[str, str]:
    found = run_folder.read_facts(os.path.join(folder, DATASET)).get(HELD_OUT)
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found.values()):
        return {}
    return found


def around(path: str) -> tuple[str, str, str]:
    """The folders in which facts about a network may be, the most likely one first.

    Args:
      path: of a run, an export, or a checkpoint's prefix in the folder of either.
    """
    folder = os.path.dirname(path.rstrip("/"))
    return path, folder, os.path.dirname(folder)


def class_names_at(path: str) -> tuple[str, ...]:
    """Names of the classes that the network at `path` was trained on, in order; () if not known.

    Args:
      path: as pretrained.find takes it.
    """
    return tuple(map(str, dataset_facts(path).get("class_names") or ()))
