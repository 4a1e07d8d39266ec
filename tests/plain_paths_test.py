"""Paths that TensorFlow cannot read again are refused, those that it can are not."""

import pytest
import tensorflow as tf

from tf_simclr import plain_paths
from tf_simclr.main import main
from tf_simclr.pretrained.find import find
from tf_simclr.workdir import checkpoints

PATTERNS = ["run[1]", "run*", "run?", "run\\1", "[", "a*/run"]
PLAIN = ["run", "run]", "run 1", "run{a,b}", "run(1)", "run~", "run%5B", "rún", "#run", "run!", "'"]


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_saved_at_a_plain_path_is_read_again(name, tmp_path):
    folder = str(tmp_path / name)
    plain_paths.require_plain("model_dir", folder)
    part = tf.Module()
    part.weight = tf.Variable(2.0)
    for step in (1, 2):
        checkpoints.Checkpoints(folder, {"encoder": part}, keep=1).save(step)
    assert find(folder) == f"{folder}/ckpt-2"
    assert len(checkpoints.listed(folder)) == 1


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize(
    "flag", ["--model_dir", "--checkpoint", "--teacher", "--mode=export --output"]
)
def test_a_pattern_is_refused_before_anything_is_read(flag, name, capsys):
    *mode, flag = flag.split()
    assert main(["tf-simclr", *mode, f"{flag}=/no/{name}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    value = f"/no/{name}"
    assert line == (
        f"tf-simclr: `{flag[2:]}` must be a path without * ? [ and \\, which TensorFlow takes for a"
        f" pattern when it reads what was saved. Received: {flag[2:]}={value!r}. Rename the folder,"
        " or give another one."
    )


def test_the_library_refuses_them_too(tmp_path):
    folder = str(tmp_path / "run[1]")
    with pytest.raises(ValueError, match="`model_dir` must be a path without"):
        checkpoints.Checkpoints(folder, {})
    with pytest.raises(ValueError, match="`checkpoint` must be a path without"):
        find(folder)
