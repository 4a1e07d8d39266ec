"""The run's folder: which run it belongs to, which process trains in it, what it contains."""

import os
import subprocess
import sys

import pytest

from tf_simclr.config import Config
from tf_simclr.workdir import run_folder

HOLD = """
import sys
from tf_simclr.workdir import run_folder
with run_folder.lock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def config(folder, **values):
    return Config.from_flat({"model_dir": str(folder), **values})


def test_writing_replaces_a_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    for text in ("old", "new"):
        run_folder.write_atomically(str(path), text)
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_settings_are_read_back(tmp_path):
    assert run_folder.read_settings(str(tmp_path)) is None
    ours = config(tmp_path, seed=3)
    run_folder.write_settings(ours, str(tmp_path))
    assert run_folder.read_settings(str(tmp_path)) == ours


@pytest.mark.parametrize("model_dir", [None, ""])
def test_a_folder_must_be_named(model_dir):
    with pytest.raises(ValueError, match=r"`model_dir` must name the folder of the run.*Received"):
        run_folder.require_model_dir(Config.from_flat({"model_dir": model_dir}))


def test_a_new_folder_is_made_and_left_empty(tmp_path):
    run_folder.make_writable(str(tmp_path / "a" / "b"))
    assert os.listdir(tmp_path / "a" / "b") == []


def test_what_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for path in (tmp_path / "file", tmp_path / "file" / "below", "/proc/a_run"):
        with pytest.raises(ValueError, match="`model_dir` must be a folder that can be written"):
            run_folder.make_writable(str(path))
    assert (tmp_path / "file").read_text() == "in the way"


def test_one_live_process_at_a_time(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout.readline() == b"held\n"
        assert run_folder.is_locked(str(tmp_path))
        with (
            pytest.raises(ValueError, match=rf"another live process \(pid {holder.pid}\)"),
            run_folder.lock(str(tmp_path)),
        ):
            pass
        assert (tmp_path / run_folder.LOCK).read_text() == str(holder.pid)
    finally:
        holder.kill()  # The system lets go of the lock, however its holder ends.
        holder.communicate()
    assert not run_folder.is_locked(str(tmp_path))
    with run_folder.lock(str(tmp_path)):
        assert run_folder.is_locked(str(tmp_path))
        assert (tmp_path / run_folder.LOCK).read_text() == str(os.getpid())


def test_asking_for_the_lock_makes_nothing(tmp_path):
    assert not run_folder.is_locked(str(tmp_path))
    assert not run_folder.is_locked(str(tmp_path / "missing"))
    assert not run_folder.is_locked("ram://bucket/run")
    assert os.listdir(tmp_path) == []


def test_a_file_system_without_locks_does_without(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr("fcntl.flock", refuse)
    with run_folder.lock(str(tmp_path)):
        assert not run_folder.is_locked(str(tmp_path))
    with run_folder.lock("ram://bucket/run") as require_held:
        require_held()


@pytest.mark.parametrize("text", [None, "", "{", "[]"])
def test_no_results_where_there_are_none_or_damaged_ones(tmp_path, text):
    if text is not None:
        (tmp_path / run_folder.RESULT).write_text(text)
    assert run_folder.read_result(str(tmp_path)) == {}


def test_results_are_read(tmp_path):
    (tmp_path / run_folder.RESULT).write_text('{"knn_top1": 0.5}')
    assert run_folder.read_result(str(tmp_path)) == {"knn_top1": 0.5}


def test_the_chief_holds_the_folder_and_others_get_one_that_is_thrown_away(tmp_path):
    model_dir = str(tmp_path / "run")
    with run_folder.workplace(model_dir, chief=False) as (other, _):
        assert os.listdir(other) == [] and not os.path.exists(model_dir)
    assert not os.path.exists(other)
    with run_folder.workplace(model_dir, chief=True) as (folder, _):
        assert folder == model_dir and run_folder.is_locked(model_dir)
    assert not run_folder.is_locked(model_dir)
