"""What tests of whole runs share: the command, and what it leaves in a run's folder."""

import os

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.main import main


def run(*flags):
    """Calls the command, which must succeed."""
    assert main(["tf-simclr", *map(str, flags)]) == 0


def run_and_record(*flags):
    """Calls the command; returns the lines that it printed."""
    printed = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "builtins.print", lambda *words, **_: printed.append(" ".join(map(str, words)))
        )
        run(*flags)
    return printed


def refusal(capsys, folder, *flags):
    """Calls the command, which must refuse; its one line on stderr. `folder` is not made."""
    capsys.readouterr()
    assert main(["tf-simclr", f"--model_dir={folder}", *map(str, flags)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1 and lines[0].startswith("tf-simclr: ")
    assert not os.path.exists(folder)
    return lines[0]


def read(*path):
    """The text of a file."""
    with open(os.path.join(*map(str, path))) as file:
        return file.read()


def weights(folder, step=3):
    """Checkpoint key -> value, without the counters."""
    reader = tf.train.load_checkpoint(os.path.join(folder, f"ckpt-{step}"))
    keys = [key for key in reader.get_variable_to_shape_map() if "ATTRIBUTES" in key]
    return {key: reader.get_tensor(key) for key in keys if "save_counter" not in key}


def assert_went_on_bit_for_bit(whole, broken):
    """A run of three steps that was broken off behind the second ends as the whole one did."""
    expected, found = weights(whole, 3), weights(broken, 3)
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        np.testing.assert_array_equal(found[key], value, err_msg=key)
    assert any(np.any(value != weights(whole, 2)[key]) for key, value in expected.items())
