import os

import pytest

from tf_simclr.exporting.atomic import keep_newest, write_folder


def write(text):
    def into(folder):
        os.makedirs(folder)
        with open(os.path.join(folder, "file"), "w") as file:
            file.write(text)

    return into


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
    write_folder(str(path), write("new"))  # What the failed one left does not stand in the way.
    assert read(path) == "new"


@pytest.mark.parametrize(("keep", "left"), [(1, {"30"}), (2, {"4", "30"}), (0, {"2", "4", "30"})])
def test_the_newest_are_kept_by_number_and_strangers_are_left_alone(tmp_path, keep, left):
    for name in ("2", "30", "4", "notes"):
        (tmp_path / name).mkdir()
    keep_newest(str(tmp_path), keep)
    assert set(os.listdir(tmp_path)) == left | {"notes"}
