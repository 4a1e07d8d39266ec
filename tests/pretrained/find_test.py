"""Finds weights by a run's folder, a prefix, an export or a released model."""

import shutil

import pytest
from small_checkpoints import WRONG_LISTS, data_of, save_three, spoil_list, truncate, write_names

from tf_simclr.pretrained.find import find


@pytest.fixture
def folder(tmp_path):
    """A run's folder with checkpoints of steps 1, 2 and 3, whose weights are 1, 2 and 3."""
    save_three(tmp_path)
    return tmp_path


def test_find_takes_a_folder_a_prefix_and_an_export(folder, tmp_path):
    export = tmp_path / "saved_model" / "3"
    (export / "variables").mkdir(parents=True)
    for ending in ("index", "data-00000-of-00001"):
        shutil.copy(folder / f"ckpt-3.{ending}", export / "variables" / f"variables.{ending}")
    assert find(str(folder)) == str(folder / "ckpt-3")
    assert find(str(folder / "ckpt-1")) == str(folder / "ckpt-1")
    assert find(str(export)) == str(export / "variables" / "variables")


def test_find_says_which_damaged_one_it_passes_over(folder):
    truncate(data_of(folder, 3))
    said = []
    assert find(str(folder), said.append) == str(folder / "ckpt-2")
    assert len(said) == 1
    with pytest.raises(ValueError, match="it is damaged. Received: checkpoint="):
        find(str(folder / "ckpt-3"))


@pytest.mark.parametrize("name", ["missing", "", "ckpt-1.index"])
def test_find_says_what_it_takes(folder, name):
    path = folder / name if name else folder / "empty"
    if not name:
        path.mkdir()
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder") as caught:
        find(str(path))
    assert f"Received: checkpoint='{path}'" in str(caught.value)


def test_of_tensorflow_1s_checkpoints_the_newest_is_found_by_number(tmp_path):
    for step in (9, 100, 20):
        write_names(tmp_path / f"model.ckpt-{step}")
    assert find(str(tmp_path)) == str(tmp_path / "model.ckpt-100")


@pytest.mark.parametrize("name", ["model.ckpt-20", "best"])
def test_the_one_that_the_state_file_names_comes_first(tmp_path, name):
    """Whatever folder it names: it was written where the model was trained."""
    for written in ("model.ckpt-100", name):
        write_names(tmp_path / written)
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "/elsewhere/{name}"\n')
    assert find(str(tmp_path)) == str(tmp_path / name)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/missing"\n')
    assert find(str(tmp_path)) == str(tmp_path / "model.ckpt-100")


def test_a_damaged_one_of_tensorflow_1s_is_not_passed_over(tmp_path):
    for step in (1, 2):
        write_names(tmp_path / f"model.ckpt-{step}")
    truncate(tmp_path / "model.ckpt-2.data-00000-of-00001")
    with pytest.raises(ValueError, match="`checkpoint` cannot be read: it is damaged"):
        find(str(tmp_path))


def test_where_all_are_damaged_none_is_found(folder):
    for step in (1, 2, 3):
        truncate(data_of(folder, step))
    with pytest.raises(ValueError, match="`checkpoint` cannot be read: it is damaged"):
        find(str(folder))


@pytest.mark.parametrize("content", WRONG_LISTS)
def test_the_files_count_where_the_list_of_them_is_wrong(folder, content):
    spoil_list(folder, content)
    assert find(str(folder)) == str(folder / "ckpt-3")
