"""The chief's choices reach the other workers, for the same command alone."""

import threading
import time

import pytest

from tf_simclr import stopping
from tf_simclr.config import Config
from tf_simclr.workdir import choices_file

COMMAND = Config.from_flat({"data_dir": "/pictures", "train_minutes": 3.0})
CHOSEN = COMMAND.replaced({"train_steps": 70, "train_minutes": 0.0, "eval_split": "test"})


def test_what_was_chosen_is_read_for_the_same_command_alone(tmp_path):
    folder = str(tmp_path / "run")
    assert choices_file.read_choices(folder, COMMAND) is None
    choices_file.write_choices(folder, COMMAND, CHOSEN)
    assert choices_file.read_choices(folder, COMMAND) == CHOSEN
    other = Config.from_flat({"data_dir": "/pictures", "train_minutes": 5.0})
    assert choices_file.read_choices(folder, other) is None


def test_a_worker_waits_for_them(tmp_path, monkeypatch):
    monkeypatch.setattr(choices_file, "POLL_SECONDS", 0.01)
    folder, found = str(tmp_path), []
    worker = threading.Thread(
        target=lambda: found.append(choices_file.wait_for_choices(folder, COMMAND))
    )
    worker.start()
    time.sleep(0.05)
    assert worker.is_alive()
    choices_file.write_choices(folder, COMMAND, CHOSEN)
    worker.join(30)
    assert found == [CHOSEN]


def test_it_does_not_wait_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(choices_file, "POLL_SECONDS", 0.001)
    with pytest.raises(stopping.NotNow, match="all workers share"):
        choices_file.wait_for_choices(str(tmp_path), COMMAND, patience=0.01)
