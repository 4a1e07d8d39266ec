"""What the chief of several workers chose, in a file that the others read.

{"command": {"data_dir": "/pictures", ...}, "chosen": {"train_steps": 2000, ...}}
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from tf_simclr import stopping
from tf_simclr.config import Config
from tf_simclr.workdir import run_folder

CHOICES = "chosen.json"
POLL_SECONDS = 1.0
PATIENCE = 900.0  # seconds: to decode a folder and to time two networks


def write_choices(folder: str, command: Config, chosen: Config) -> None:
    """Writes what was chosen for a command.

    Args:
      folder: of the run.
      command: as it was given.
      chosen: the same with nothing left open.
    """
    before, now = command.flat(), chosen.flat()
    facts = {
        "command": _given(command),
        "chosen": {name: value for name, value in now.items() if value != before[name]},
    }
    run_folder.make_writable(folder)
    text = json.dumps(facts, indent=2, sort_keys=True) + "\n"
    run_folder.write_atomically(os.path.join(folder, CHOICES), text)


def read_choices(folder: str, command: Config) -> Config | None:
    """The command with what was chosen for it; None if nothing was, or for another command.

    Args:
      folder: of the run.
      command: as it was given.
    """
    facts = run_folder.read_facts(os.path.join(folder, CHOICES))
    chosen = facts.get("chosen")
    if facts.get("command") != _given(command) or not isinstance(chosen, Mapping):
        return None
    return command.replaced(chosen)


def wait_for_choices(folder: str, command: Config, *, patience: float = PATIENCE) -> Config:
    """The command with what the chief chooses for it.

    Args:
      folder: of the run.
      command: as it was given.
      patience: seconds to wait at most.

    Raises:
      NotNow: if the chief chooses nothing in that time.
    """
    end = time.monotonic() + patience
    while (found := read_choices(folder, command)) is None:
        if time.monotonic() > end:
            raise stopping.NotNow(
                f"`model_dir` must be a folder that all workers share: the chief's {CHOICES} is not"
                f" there. Received: model_dir={folder!r}."
            )
        time.sleep(POLL_SECONDS)
    return found


def _given(command: Config) -> dict[str, Any]:
    values = command.flat()
    return {name: values[name] for name in sorted(command.given)}
