"""Checkpoints: written whole, N kept, the newest good one found, and what fits restored."""

import os
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.workdir import checkpoints


def dense(inputs, units, value=0.0):
    layer = keras.layers.Dense(units)
    layer.build([None, inputs])
    layer.kernel.assign(tf.fill([inputs, units], value))
    return layer


def parts(value=0.0, classes=4):
    return {
        "encoder": dense(3, 2, value),
        "projection_head": dense(2, 5, value),
        "supervised_head": dense(2, classes, value),
    }


@pytest.fixture
def folder(tmp_path):
    """A run's folder with checkpoints of steps 1, 2 and 3, whose weights are 1, 2 and 3."""
    model = parts()
    saved = checkpoints.Checkpoints(str(tmp_path), model)
    for step in (1, 2, 3):
        for part in model.values():
            part.kernel.assign(tf.fill(part.kernel.shape, float(step)))
        saved.save(step)
    return tmp_path


def restore(folder, model=None):
    """(step, first weight, lines that were said)."""
    said = []
    model = model or parts()
    step = checkpoints.Checkpoints(str(folder), model, report=said.append).restore_newest()
    return step, float(model["encoder"].kernel[0, 0]), said


def data_of(folder, step):
    return folder / f"ckpt-{step}.data-00000-of-00001"


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


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
    assert f"Damaged and passed over: {folder}/ckpt-3. {folder}/ckpt-2 is used" in said[0]


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
    with pytest.raises(ValueError, match="`checkpoint` cannot be read: it is damaged"):
        checkpoints.find(str(folder))


def test_files_of_a_killed_writer_are_never_picked_up(folder):
    (folder / "ckpt-4_temp").mkdir()
    (folder / "ckpt-4_temp" / "part-00000-of-00001.data-00000-of-00001").write_bytes(b"half")
    (folder / "ckpt-4.data-00000-of-00001").write_bytes(b"no index beside it")
    (folder / "ckpt-5.index.tempstate123").write_bytes(b"half")
    assert restore(folder) == (3, 3.0, [])


@pytest.mark.parametrize("state", ['model_checkpoint_path: "ckpt-9"', "damaged {", None])
def test_the_files_count_where_the_list_of_them_is_wrong(folder, state):
    if state is None:
        (folder / "checkpoint").unlink()
    else:
        (folder / "checkpoint").write_text(state)
    assert restore(folder) == (3, 3.0, [])
    assert checkpoints.find(str(folder)) == str(folder / "ckpt-3")


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


def test_find_takes_a_folder_a_prefix_and_an_export(folder, tmp_path):
    export = tmp_path / "saved_model" / "3"
    (export / "variables").mkdir(parents=True)
    for ending in ("index", "data-00000-of-00001"):
        shutil.copy(folder / f"ckpt-3.{ending}", export / "variables" / f"variables.{ending}")
    assert checkpoints.find(str(folder)) == str(folder / "ckpt-3")
    assert checkpoints.find(str(folder / "ckpt-1")) == str(folder / "ckpt-1")
    assert checkpoints.find(str(export)) == str(export / "variables" / "variables")


def test_find_says_which_damaged_one_it_passes_over(folder):
    truncate(data_of(folder, 3))
    said = []
    assert checkpoints.find(str(folder), said.append) == str(folder / "ckpt-2")
    assert len(said) == 1
    with pytest.raises(ValueError, match="it is damaged. Received: checkpoint="):
        checkpoints.find(str(folder / "ckpt-3"))


@pytest.mark.parametrize("name", ["missing", "", "ckpt-1.index"])
def test_find_says_what_it_takes(folder, name):
    path = folder / name if name else folder / "empty"
    if not name:
        path.mkdir()
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder") as caught:
        checkpoints.find(str(path))
    assert f"Received: checkpoint='{path}'" in str(caught.value)


def test_warm_start_takes_all_that_fits(folder):
    model = parts()
    prefix = str(folder / "ckpt-2")
    names = ["encoder", "projection_head", "supervised_head"]
    assert checkpoints.warm_start(prefix, model) == names
    assert {float(part.kernel[0, 0]) for part in model.values()} == {2.0}
    model = {"encoder": dense(3, 2)}
    assert checkpoints.warm_start(prefix, model) == ["encoder"]
    assert float(model["encoder"].kernel[0, 0]) == 2.0


def test_warm_start_leaves_a_classifier_of_other_classes(folder):
    model, said = parts(value=7.0, classes=9), []
    names = checkpoints.warm_start(str(folder / "ckpt-2"), model, said.append)
    assert said == [
        "The checkpoint's classifier is left out: it has 4 classes on 2 features,"
        " this one has 9 on 2."
    ]
    assert names == ["encoder", "projection_head"]
    assert float(model["supervised_head"].kernel[0, 0]) == 7.0


def test_warm_start_does_without_heads_that_are_not_there(tmp_path):
    checkpoints.Checkpoints(str(tmp_path), {"encoder": dense(3, 2, 1.0)}).save(1)
    model = parts(value=7.0)
    assert checkpoints.warm_start(str(tmp_path / "ckpt-1"), model) == ["encoder"]
    kernels = {name: float(part.kernel[0, 0]) for name, part in model.items()}
    assert kernels == {"encoder": 1.0, "projection_head": 7.0, "supervised_head": 7.0}


def test_warm_start_needs_an_encoder(tmp_path):
    checkpoints.Checkpoints(str(tmp_path), {"projection_head": dense(2, 5)}).save(1)
    with pytest.raises(ValueError, match="`checkpoint` must hold an encoder. Received"):
        checkpoints.warm_start(str(tmp_path / "ckpt-1"), parts())


@pytest.mark.parametrize("part", ["encoder", "projection_head"])
def test_warm_start_refuses_a_misfit(folder, part):
    with pytest.raises(ValueError, match="does not fit this architecture .*shape"):
        checkpoints.warm_start(str(folder / "ckpt-2"), parts() | {part: dense(3, 8)})


def write_names(prefix):
    """What TensorFlow 1 writes: tensors by name, and no objects."""
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=["dense/kernel"],
        shape_and_slices=[""],
        tensors=[tf.ones([3])],
    )


def test_warm_start_refuses_a_checkpoint_of_names_without_objects(tmp_path):
    prefix = str(tmp_path / "model.ckpt-1")
    write_names(prefix)
    assert checkpoints.find(prefix) == prefix
    with pytest.raises(ValueError, match="`checkpoint` must hold an encoder. Received"):
        checkpoints.warm_start(prefix, parts())


def test_of_tensorflow_1s_checkpoints_the_newest_is_found_by_number(tmp_path):
    for step in (9, 100, 20):
        write_names(tmp_path / f"model.ckpt-{step}")
    assert checkpoints.find(str(tmp_path)) == str(tmp_path / "model.ckpt-100")


@pytest.mark.parametrize("name", ["model.ckpt-20", "best"])
def test_the_one_that_the_state_file_names_comes_first(tmp_path, name):
    """Whatever folder it names: it was written where the model was trained."""
    for written in ("model.ckpt-100", name):
        write_names(tmp_path / written)
    (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "/elsewhere/{name}"\n')
    assert checkpoints.find(str(tmp_path)) == str(tmp_path / name)
    (tmp_path / "checkpoint").write_text('model_checkpoint_path: "/elsewhere/missing"\n')
    assert checkpoints.find(str(tmp_path)) == str(tmp_path / "model.ckpt-100")


def test_a_damaged_one_of_tensorflow_1s_is_not_passed_over(tmp_path):
    for step in (1, 2):
        write_names(tmp_path / f"model.ckpt-{step}")
    truncate(tmp_path / "model.ckpt-2.data-00000-of-00001")
    with pytest.raises(ValueError, match="`checkpoint` cannot be read: it is damaged"):
        checkpoints.find(str(tmp_path))
