"""A checkpoint of this project: all that fits is restored, and a misfit is reported."""

import pytest
from small_checkpoints import dense, parts, save_three, write_names

from tf_simclr.pretrained import own
from tf_simclr.pretrained.find import find
from tf_simclr.workdir import checkpoints


@pytest.fixture
def folder(tmp_path):
    """A run's folder with checkpoints of steps 1, 2 and 3, whose weights are 1, 2 and 3."""
    save_three(tmp_path)
    return tmp_path


def test_restoring_takes_all_that_fits(folder):
    model = parts()
    prefix = str(folder / "ckpt-2")
    names = ["encoder", "projection_head", "supervised_head"]
    assert own.restore(prefix, model) == names
    assert {float(part.kernel[0, 0]) for part in model.values()} == {2.0}
    model = {"encoder": dense(3, 2)}
    assert own.restore(prefix, model) == ["encoder"]
    assert float(model["encoder"].kernel[0, 0]) == 2.0


def test_restoring_leaves_a_classifier_of_other_classes(folder, capsys):
    model = parts(value=7.0, classes=9)
    names = own.restore(str(folder / "ckpt-2"), model)
    assert capsys.readouterr().out.splitlines() == [
        "The checkpoint's classifier is left out: it has 4 classes on 2 features,"
        " this one has 9 on 2."
    ]
    assert names == ["encoder", "projection_head"]
    assert float(model["supervised_head"].kernel[0, 0]) == 7.0


def test_restoring_does_without_heads_that_are_not_there(tmp_path):
    checkpoints.Checkpoints(str(tmp_path), {"encoder": dense(3, 2, 1.0)}).save(1)
    model = parts(value=7.0)
    assert own.restore(str(tmp_path / "ckpt-1"), model) == ["encoder"]
    kernels = {name: float(part.kernel[0, 0]) for name, part in model.items()}
    assert kernels == {"encoder": 1.0, "projection_head": 7.0, "supervised_head": 7.0}


def test_restoring_needs_an_encoder(tmp_path):
    checkpoints.Checkpoints(str(tmp_path), {"projection_head": dense(2, 5)}).save(1)
    with pytest.raises(ValueError, match="`checkpoint` must hold an encoder. Received"):
        own.restore(str(tmp_path / "ckpt-1"), parts())


@pytest.mark.parametrize("part", ["encoder", "projection_head"])
def test_restoring_refuses_a_misfit(folder, part):
    with pytest.raises(ValueError, match="does not fit this architecture .*shape"):
        own.restore(str(folder / "ckpt-2"), parts() | {part: dense(3, 8)})


def test_restoring_refuses_a_checkpoint_of_names_without_objects(tmp_path):
    prefix = str(tmp_path / "model.ckpt-1")
    write_names(prefix)
    assert find(prefix) == prefix
    with pytest.raises(ValueError, match="`checkpoint` must hold an encoder. Received"):
        own.restore(prefix, parts())
