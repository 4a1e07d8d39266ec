"""Checkpoints: written whole, N kept, the newest good one found, and what fits restored."""

import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf
from small_checkpoints import WRONG_LISTS, data_of, dense, parts, save_three, spoil_list, truncate

from tf_simclr.workdir import checkpoints


@pytest.fixture
def folder(tmp_path):
    """A run's folder with checkpoints of steps 1, 2 and 3, whose weights are 1, 2 and 3."""
    save_three(tmp_path)
    return tmp_path


def restore(folder, model=None):
    """(step, first weight, lines that were said)."""
    said = []
    model = model or parts()
    step = checkpoints.Checkpoints(str(folder), model, report=said.append).restore_newest()
    return step, float(model["encoder"].kernel[0, 0]), said


def flip_a_byte(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def test_an_empty_or_missing_folder_has_none(tmp_path):
    assert restore(tmp_path) == (None, 0.0, [])
    assert checkpoints.listed(str(tmp_path / "missing")) == []


def test_the_newest_is_restored(folder):
    assert restore(folder) == (3, 3.0, [])
    assert tf.train.latest_checkpoint(str(folder)).endswith("ckpt-3")


def test_steps_are_ordered_as_numbers(tmp_path):
    saved = checkpoints.Checkpoints(str(tmp_path), parts())
    for step in (9, 10, 100):
        saved.save(step)
    names = [os.path.basename(path) for path in checkpoints.listed(str(tmp_path))]
    assert names == ["ckpt-9", "ckpt-10", "ckpt-100"]


@pytest.mark.parametrize(("keep", "left"), [(1, [5]), (2, [4, 5]), (0, [1, 2, 3, 4, 5])])
def test_keeps_as_many_as_asked(tmp_path, keep, left):
    saved = checkpoints.Checkpoints(str(tmp_path), parts(), keep=keep)
    for step in range(1, 6):
        saved.save(step)
    assert [checkpoints.step_of(path) for path in checkpoints.listed(str(tmp_path))] == left
    assert len(list(tmp_path.glob("*.data-*"))) == len(left)


def test_keeping_goes_on_after_a_restart(tmp_path):
    for step in range(1, 6):
        checkpoints.Checkpoints(str(tmp_path), parts(), keep=2).save(step)
    assert [checkpoints.step_of(path) for path in checkpoints.listed(str(tmp_path))] == [4, 5]


def test_a_step_that_was_just_saved_or_restored_is_not_written_again(folder):
    model = parts()
    saved = checkpoints.Checkpoints(str(folder), model)
    saved.restore_newest()
    before = data_of(folder, 3).stat().st_mtime_ns
    assert saved.save(3) == str(folder / "ckpt-3")
    assert data_of(folder, 3).stat().st_mtime_ns == before
    saved.save(4)
    written = data_of(folder, 4).stat().st_mtime_ns
    saved.save(4)
    assert data_of(folder, 4).stat().st_mtime_ns == written


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_never_written(folder, value):
    model = parts(value)
    saved = checkpoints.Checkpoints(str(folder), model)
    with pytest.raises(checkpoints.NonFinite, match="A weight at the end of step 4") as caught:
        saved.save(4)
    assert caught.value.step == 4
    assert restore(folder) == (3, 3.0, [])


@pytest.mark.parametrize("damage", [truncate, flip_a_byte, pathlib.Path.unlink])
def test_a_damaged_newest_is_passed_over_and_named(folder, damage):
    damage(data_of(folder, 3))
    step, weight, said = restore(folder)
    assert (step, weight) == (2, 2.0)
    assert len(said) == 1
    assert f"Damaged and skipped: {folder}/ckpt-3. {folder}/ckpt-2 is used" in said[0]


@pytest.mark.parametrize("damage", [truncate, flip_a_byte])
def test_a_damaged_index_is_passed_over(folder, damage):
    damage(folder / "ckpt-3.index")
    assert restore(folder)[:2] == (2, 2.0)


def test_a_checkpoint_that_cannot_be_written_leaves_the_others_and_nothing_of_itself(
    folder, monkeypatch
):
    before = sorted(os.listdir(folder))
    saved = checkpoints.Checkpoints(str(folder), parts())

    def fill_the_disk(checkpoint_number):
        os.mkdir(folder / f"ckpt-{checkpoint_number}_temp")
        (folder / f"ckpt-{checkpoint_number}_temp" / "part-0").write_text("")
        raise tf.errors.ResourceExhaustedError(None, None, "part-0; No space left on device")

    monkeypatch.setattr(saved._manager, "save", fill_the_disk)
    with pytest.raises(tf.errors.ResourceExhaustedError):
        saved.save(4)
    assert sorted(os.listdir(folder)) == before
    monkeypatch.undo()
    saved.save(4)  # There is room again.
    assert restore(folder)[0] == 4


def test_the_damaged_step_is_written_anew_when_it_is_reached_again(folder):
    truncate(data_of(folder, 3))
    saved = checkpoints.Checkpoints(str(folder), parts(), report=lambda line: None)
    assert saved.restore_newest() == 2
    saved.save(3)
    assert restore(folder) == (3, 2.0, [])


def test_all_damaged_is_an_error_that_changes_nothing(folder):
    for step in (1, 2, 3):
        truncate(data_of(folder, step))
    before = sorted(os.listdir(folder))
    with pytest.raises(ValueError, match=r"`model_dir` holds checkpoints \(3\) and none can be"):
        restore(folder)
    assert sorted(os.listdir(folder)) == before


def test_files_of_a_killed_writer_are_never_picked_up(folder):
    (folder / "ckpt-4_temp").mkdir()
    (folder / "ckpt-4_temp" / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    (folder / "ckpt-4.data-00000-of-00001").write_bytes(b"no index beside it")
    (folder / "ckpt-5.index.tempstate123").write_bytes(b"half")
    assert restore(folder) == (3, 3.0, [])


@pytest.mark.parametrize("content", WRONG_LISTS)
def test_the_files_count_where_the_list_of_them_is_wrong(folder, content):
    spoil_list(folder, content)
    assert restore(folder) == (3, 3.0, [])


def test_another_architecture_does_not_fit(folder):
    with pytest.raises(ValueError, match=r"does not fit this architecture \(.*shape.*\)"):
        restore(folder, {"encoder": dense(3, 7)})
    with pytest.raises(ValueError, match="does not fit this architecture"):
        restore(folder, parts() | {"another": dense(1, 1)})


def test_is_whole(folder):
    assert checkpoints.is_whole(str(folder / "ckpt-1"))
    assert not checkpoints.is_whole(str(folder / "ckpt-9"))
    flip_a_byte(data_of(folder, 1))
    assert not checkpoints.is_whole(str(folder / "ckpt-1"))
    truncate(data_of(folder, 2))
    assert not checkpoints.is_whole(str(folder / "ckpt-2"))
    data_of(folder, 3).unlink()
    assert not checkpoints.is_whole(str(folder / "ckpt-3"))
