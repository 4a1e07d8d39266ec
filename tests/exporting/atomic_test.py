import os
import signal

import processes
import pytest
import tensorflow as tf

from tf_simclr.exporting.atomic import keep_newest, write_folder


def write(text):
    def into(folder):
        os.makedirs(folder)
        with open(os.path.join(folder, "file"), "w") as file:
            file.write(text)

    return into


def refuse_to_remove(folder):
    raise tf.errors.PermissionDeniedError(None, None, f"{folder}; Permission denied")


def read(folder):
    return (folder / "file").read_text()


def test_a_folder_is_written_and_replaced_whole(tmp_path):
    path = tmp_path / "export" / "12"
    write_folder(str(path), write("old"))
    write_folder(str(path), write("new"))
    assert read(path) == "new"
    assert os.listdir(path.parent) == ["12"]


def test_a_write_that_fails_leaves_the_old_folder(tmp_path):
    path = tmp_path / "export" / "12"
    write_folder(str(path), write("old"))

    def fail(folder):
        write("half")(folder)
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"):
        write_folder(str(path), fail)
    assert read(path) == "old"
    assert os.listdir(path.parent) == ["12"]


@pytest.mark.parametrize("end", ["", "/"])
def test_of_a_link_what_it_leads_to_is_replaced(tmp_path, end):
    write_folder(str(tmp_path / "there" / "12"), write("old"))
    (tmp_path / "link").symlink_to(tmp_path / "there" / "12")
    write_folder(str(tmp_path / "link") + end, write("new"))
    assert (tmp_path / "link").is_symlink()
    assert read(tmp_path / "there" / "12") == "new"
    assert sorted(os.listdir(tmp_path)) == ["link", "there"]
    assert os.listdir(tmp_path / "there") == ["12"]


def test_the_old_folder_comes_back_if_the_new_one_cannot_take_its_place(tmp_path, monkeypatch):
    path = tmp_path / "12"
    write_folder(str(path), write("old"))
    rename, calls = tf.io.gfile.rename, []

    def second_fails(*paths):
        calls.append(paths)
        if len(calls) == 2:
            raise tf.errors.UnavailableError(None, None, "the disk went away")
        rename(*paths)

    monkeypatch.setattr(tf.io.gfile, "rename", second_fails)
    with pytest.raises(ValueError, match="the disk went away"):
        write_folder(str(path), write("new"))
    assert len(calls) == 3
    assert read(path) == "old"
    assert os.listdir(tmp_path) == ["12"]


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), tf.errors.UnknownError(None, None, "No space")],
)
def test_what_the_disk_says_is_one_line_and_nothing_has_changed(tmp_path, error):
    path = tmp_path / "export" / "12"
    write_folder(str(path), write("old"))

    def fail(folder):
        write("half")(folder)
        raise error

    with pytest.raises(
        ValueError, match="`output` must be a folder that can be written .*No space"
    ):
        write_folder(str(path), fail)
    assert read(path) == "old"
    assert os.listdir(path.parent) == ["12"]


KILLED = """
import os, signal, sys
import tensorflow as tf
from tf_simclr.exporting import atomic

def write(folder):
    os.makedirs(folder)
    open(os.path.join(folder, "file"), "w").write("new")
    if sys.argv[2] == "writing":
        os.kill(os.getpid(), signal.SIGKILL)

def rename(*paths, rename=tf.io.gfile.rename):
    rename(*paths)
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "renaming":
    atomic.tf.io.gfile.rename = rename
atomic.write_folder(sys.argv[1], write)
"""


@pytest.mark.parametrize("moment", ["writing", "renaming"])
def test_a_killed_process_leaves_the_old_folder_or_the_next_one_brings_it_back(tmp_path, moment):
    path = tmp_path / "export" / "12"
    write_folder(str(path), write("old"))
    done = processes.run(["-c", KILLED, path, moment])
    assert done.returncode == -signal.SIGKILL
    if moment == "writing":
        assert read(path) == "old"

    def fail(folder):
        raise OSError("full")

    with pytest.raises(ValueError, match="full"):
        write_folder(str(path), fail)
    assert read(path) == "old"
    assert os.listdir(path.parent) == ["12"]


@pytest.mark.parametrize("name", ["here", "here/"])
def test_a_folder_beside_this_one_needs_no_parent(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    write_folder(name, write("new"))
    assert read(tmp_path / "here") == "new"


@pytest.mark.parametrize(("keep", "left"), [(1, {"30"}), (2, {"4", "30"}), (0, {"2", "4", "30"})])
def test_the_newest_are_kept_by_number_and_strangers_are_left_alone(tmp_path, keep, left):
    for name in ("2", "30", "4", "notes"):
        (tmp_path / name).mkdir()
    keep_newest(str(tmp_path), keep)
    assert set(os.listdir(tmp_path)) == left | {"notes"}


def test_what_cannot_be_removed_is_a_line_and_no_failure(tmp_path, monkeypatch):
    path, lines = tmp_path / "export" / "12", []
    write_folder(str(path), write("old"))
    write_folder(str(path.parent / "3"), write("older"))
    monkeypatch.setattr(tf.io.gfile, "rmtree", refuse_to_remove)
    write_folder(str(path), write("new"), lines.append)
    assert read(path) == "new"
    keep_newest(str(path.parent), 1, lines.append)
    left = [path.parent / ".12.old", path.parent / "3"]
    assert lines == [
        f"Note: {folder} cannot be removed, and may be left over ({folder}; Permission denied)."
        for folder in left
    ]


def test_old_exports_that_cannot_be_listed_are_kept(tmp_path):
    lines = []
    keep_newest(str(tmp_path / "missing"), 1, lines.append)
    [line] = lines
    assert line.startswith(f"Note: old exports in {tmp_path}/missing are kept: it cannot be listed")


def test_an_export_in_a_bucket_is_replaced_though_the_old_one_may_not_be_removed(storage):
    text, lines = "old", []

    def into(folder):
        with tf.io.gfile.GFile(f"{folder}/file", "w") as file:
            file.write(text)

    write_folder("gs://bucket/hub/1", into, lines.append)
    storage.refuse("DELETE .*/hub/.1.old/", 403)
    text = "new"
    write_folder("gs://bucket/hub/1", into, lines.append)
    with tf.io.gfile.GFile("gs://bucket/hub/1/file") as file:
        assert file.read() == "new"
    assert len(lines) == 1
    assert lines[0].startswith(
        "Note: gs://bucket/hub/.1.old cannot be removed, and may be left over"
    )
