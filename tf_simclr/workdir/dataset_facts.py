"""What a network was trained on, as its run or its export wrote it down, and the classes it knows.

{"name": "emoji32", "licence": "...", "class_names": ["animal", ...], "pictures": {"train": 9792},
"order": 2}
"""

import json
import os
from typing import Any

from tf_simclr.data import order
from tf_simclr.data.source import Source
from tf_simclr.exporting import card
from tf_simclr.workdir import run_folder

DATASET = "dataset.json"  # in a run's folder


def write_dataset(data: Source, folder: str, *, class_names: tuple[str, ...] = ()) -> None:
    """Writes what a run is trained on to its folder, for what is judged or exported later.

    Args:
      data: of the run.
      folder: of the run.
      class_names: that a student learns from its teacher, where its data has none.
    """
    facts = {
        "name": data.name,
        "licence": data.licence,
        "class_names": list(data.class_names or class_names),
        "pictures": dict(data.splits),
        "order": order.VERSION,
    }
    text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    run_folder.write_atomically(os.path.join(folder, DATASET), text)


def check_order(model_dir: str, step: int) -> None:
    """Checks that a run which goes on is shown its pictures in the order that it was begun in.

    Args:
      model_dir: of the run.
      step: that it stands at, more than 0.

    Raises:
      ValueError: if it was begun in the order of another version, or nothing says in which.
    """
    facts = run_folder.read_facts(os.path.join(model_dir, DATASET))
    if not facts:
        raise ValueError(
            f"`model_dir` must hold the {DATASET} of a run that goes on: it says in which order the"
            f" pictures come. Received: model_dir={model_dir!r}, at step {step}, without a readable"
            " one. Restore it, or start anew in another folder."
        )
    begun = facts.get("order", 1)
    if begun != order.VERSION:
        raise ValueError(
            "`model_dir` must not hold a run to go on with whose pictures come in the order of"
            f" another version of tf_simclr. Received: model_dir={model_dir!r}, at step {step}, of"
            f" order {begun}; this version has order {order.VERSION}. Finish it with the version"
            " that began it, or start anew in another folder."
        )


def dataset_facts(path: str) -> dict[str, Any]:
    """The facts beside what lies at `path`, a run, an export or a checkpoint's prefix; {} if none.

    Args:
      path: as pretrained.find takes it.
    """
    # A prefix lies in a run's folder, or in an export's folder of variables.
    for folder in (path, os.path.dirname(path), os.path.dirname(os.path.dirname(path))):
        told = card.read(folder)
        facts = told.dataset if told else run_folder.read_facts(os.path.join(folder, DATASET))
        if facts:
            return dict(facts)
    return {}


def class_names_at(path: str) -> tuple[str, ...]:
    """Names of the classes that the network at `path` was trained on, in order; () if not known.

    Args:
      path: as pretrained.find takes it.
    """
    return tuple(map(str, dataset_facts(path).get("class_names") or ()))
