"""Bad checkpoints at the door: one clear line, exit code 2, and no folder is made for the run."""

import pathlib

import numpy as np
import pytest
from golden import released

from tf_simclr import methods
from tf_simclr.architectures.resnet_layers import Skeleton
from tf_simclr.config import Config
from tf_simclr.main import main

SKELETON = Skeleton(10)
KERNEL = "base_model/conv2d_7/kernel"
NORM = "base_model/batch_normalization_12/moving_variance"


@pytest.fixture(scope="module")
def tensors():
    """A released model that the tiny run could start from."""
    config = Config.from_flat(
        {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}
    )
    return released.tensors(methods.network(config, methods.Lesson(2)).parts(), SKELETON)


@pytest.fixture
def prefix(tensors, tmp_path):
    (tmp_path / "in").mkdir()
    return released.write_tensorflow_1(tmp_path / "in" / "model.ckpt-3", tensors)


@pytest.fixture
def refused(tiny_flags, tmp_path, capsys):
    """Calls main with a checkpoint; its line on stderr. No folder is made for the run."""

    def call(path, *arguments):
        capsys.readouterr()
        flags = [*tiny_flags, f"--checkpoint={path}", f"--model_dir={tmp_path}/run", *arguments]
        assert main(["tf-simclr", *flags]) == 2
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 1, lines
        assert not (tmp_path / "run").exists()
        return lines[0]

    return call


def rewrite(prefix, tensors):
    released.write_tensorflow_1(pathlib.Path(prefix), tensors)


def test_a_good_one_is_taken_by_folder_and_by_prefix(prefix, tiny_flags, tmp_path, capsys):
    """It needs no flags of the architecture. So the tests below fail for their own reason."""
    told = ("--image_size", "--resnet_depth", "--width_multiplier", "--proj_out_dim")
    flags = [flag for flag in tiny_flags if not flag.startswith(told)]
    flags += ["--train_mode=finetune", "--train_steps=1", f"--checkpoint={tmp_path}/in"]
    assert main(["tf-simclr", *flags, f"--model_dir={tmp_path}/run"]) == 0
    said = capsys.readouterr().out
    assert f"Starts from {prefix}: encoder, projection_head, supervised_head." in said
    assert "finetune, ResNet-10 x 0.0625 at 32 pixels" in said


@pytest.mark.parametrize("ending", ["index", "data-00000-of-00001"])
@pytest.mark.parametrize("as_folder", [True, False], ids=["folder", "prefix"])
def test_a_truncated_checkpoint(refused, prefix, tmp_path, ending, as_folder):
    file = tmp_path / "in" / f"model.ckpt-3.{ending}"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    line = refused(tmp_path / "in" if as_folder else prefix)
    assert "`checkpoint` cannot be read: it is damaged. Received: checkpoint=" in line


def test_another_architecture(refused, prefix):
    line = refused(prefix, "--resnet_depth=50")
    assert "`checkpoint` does not fit this architecture: found ResNet-10 x 0.0625" in line
    assert "resnet_depth=50. Give --resnet_depth=10, or leave these flags out." in line


def test_no_checkpoint_at_all(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("not a checkpoint")
    for name in ("missing", "empty", "text"):
        line = refused(tmp_path / name)
        assert "`checkpoint` must be a run's folder, a checkpoint's prefix" in line
        assert f"Received: checkpoint='{tmp_path}/{name}', where there is none." in line


def test_a_checkpoint_of_another_model(refused, prefix):
    rewrite(prefix, {"bert/encoder/dense/kernel": np.ones([3, 3])})
    assert "`checkpoint` needs a checkpoint that holds an encoder" in refused(prefix)


@pytest.mark.parametrize("missing", [[KERNEL], [NORM], [NORM, KERNEL]], ids=str)
def test_missing_variables(refused, prefix, tensors, missing):
    rewrite(prefix, {name: value for name, value in tensors.items() if name not in missing})
    line = refused(prefix)
    assert f"`checkpoint` lacks {len(missing)} variables of a ResNet-10" in line
    assert all(name in line for name in missing)
    assert "conv2d_8/" not in line


def test_a_shape_that_does_not_fit(refused, prefix, tensors):
    rewrite(prefix, tensors | {NORM: np.ones(31, np.float32)})
    line = refused(prefix)
    assert "of the encoder, group4/block0/bn2/moving_variance has shape [31], not" in line


@pytest.mark.parametrize(
    "name", ["base_model/conv2d/kernel", "head_supervised/linear_layer/dense/kernel"]
)
def test_a_kernel_that_is_a_number(refused, prefix, tensors, name):
    rewrite(prefix, tensors | {name: np.float32(1)})
    assert f"`checkpoint` has {name} of shape [], which must have " in refused(prefix)


def test_a_list_of_checkpoints_that_is_no_text(refused, prefix, tmp_path):
    (tmp_path / "in" / "checkpoint").write_bytes(b"\xff\xfe")
    line = refused(tmp_path / "in")
    assert f"cannot be read. Received: '{tmp_path}/in/checkpoint'. Delete it" in line


def test_no_averaged_weights(refused, prefix):
    line = refused(prefix, "--use_ema_weights")
    assert "`use_ema_weights` needs a checkpoint that holds averaged weights (EMA)" in line


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("(head", "`variable_schema` must be a regular expression"),
        ("?!global_step", "`variable_schema` must be a regular expression"),
        ("(?!base_model)", "`variable_schema` must match base_model/, the encoder"),
    ],
)
def test_a_schema_that_cannot_be_used(refused, prefix, schema, said):
    assert said in refused(prefix, f"--variable_schema={schema}")
