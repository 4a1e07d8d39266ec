"""The run's folder: whose it is, who trains in it, what lies in it."""

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


@pytest.mark.parametrize(
    "content", [b"{", b"", b"[]", b'{"colour": 1}', b'{"seed": "x"}', b"\xff\xfe\x00"]
)
def test_damaged_settings_are_an_error_and_stay(tmp_path, content):
    path = tmp_path / run_folder.SETTINGS
    path.write_bytes(content)
    with pytest.raises(ValueError, match="`model_dir` holds a flags.json that cannot be read"):
        run_folder.check_owner(config(tmp_path))
    assert path.read_bytes() == content


def test_checking_the_owner_says_what_changed_and_writes_nothing(tmp_path):
    said = []
    run_folder.check_owner(config(tmp_path), said.append)
    assert os.listdir(tmp_path) == []
    run_folder.write_settings(config(tmp_path), str(tmp_path))
    run_folder.check_owner(config(tmp_path, mode="eval"), said.append)
    assert said == []
    run_folder.check_owner(config(tmp_path, learning_rate=0.5), said.append)
    assert said == [
        "Settings that changed since this run was started: learning_rate is 0.5 and was 0.3."
    ]
    assert run_folder.read_settings(str(tmp_path)) == config(tmp_path)


def test_views_made_where_they_were_before_are_no_change(tmp_path):
    """Settings of before "auto" say host; the default on a machine without a TPU is the host."""
    said = []
    run_folder.write_settings(config(tmp_path, augment_on="host"), str(tmp_path))
    run_folder.check_owner(config(tmp_path), said.append)
    assert said == []
    run_folder.check_owner(config(tmp_path, use_tpu=True), said.append)
    (line,) = said
    assert line.endswith("use_tpu is True and was False, augment_on is 'device' and was 'host'.")


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"resnet_depth": 18}, "another architecture: resnet_depth is 18 and was 50."),
        ({"image_size": 32}, "another architecture: image_size <= 32 is True and was False."),
        ({"optimizer": "adam"}, "otherwise: optimizer is 'adam' and was 'lars'."),
        ({"lineareval_while_pretraining": False}, "lineareval_while_pretraining is False and was"),
    ],
)
def test_a_folder_of_another_kind_of_run_is_refused_and_stays(tmp_path, values, named):
    run_folder.write_settings(config(tmp_path), str(tmp_path))
    with pytest.raises(ValueError) as caught:
        run_folder.check_owner(config(tmp_path, **values))
    assert named in str(caught.value)
    assert f"Received: model_dir='{tmp_path}'" in str(caught.value)
    assert run_folder.read_settings(str(tmp_path)) == config(tmp_path)


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


def test_the_data_of_a_run_are_found_from_anywhere(tmp_path, monkeypatch):
    flags = {"dataset": "image_folder", "data_dir": "pictures", "model_dir": str(tmp_path)}
    config = Config.from_flat(flags)
    monkeypatch.chdir(tmp_path)
    run_folder.write_settings(config, str(tmp_path))
    found = run_folder.read_settings(str(tmp_path))
    assert found.data.data_dir == str(tmp_path / "pictures")
    said = []
    for spelled in ("pictures", "pictures/", f"{tmp_path}/./pictures"):
        run_folder.check_owner(Config.from_flat(flags | {"data_dir": spelled}), report=said.append)
    assert said == []  # The same folder.
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    run_folder.check_owner(config, report=said.append)
    assert len(said) == 1 and "data_dir is" in said[0]
