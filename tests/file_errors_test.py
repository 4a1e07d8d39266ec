"""Errors of file systems are told by path and reason, and no other error is."""

import os

import pytest
import tensorflow as tf

from tf_simclr.file_errors import file_error


def raised(call, *arguments):
    try:
        call(*arguments)
    except Exception as error:
        return error
    raise AssertionError("It did not fail.")


def read(path):
    for _ in tf.data.Dataset.from_tensors(path).map(tf.io.read_file):
        pass


def save(path):
    tf.train.Checkpoint(step=tf.Variable(1)).write(path)


@pytest.mark.parametrize("call", [open, os.listdir, read, tf.io.gfile.remove, tf.io.read_file])
def test_what_is_missing_is_named(call, tmp_path):
    path = f"{tmp_path}/missing 1.png"
    assert file_error(raised(call, path)) == f"{path}; No such file or directory"


@pytest.mark.parametrize("call", [save, tf.io.gfile.makedirs, os.listdir])
def test_a_file_in_the_way_is_named(call, tmp_path):
    (tmp_path / "file").write_text("")
    said = file_error(raised(call, f"{tmp_path}/file/ckpt"))
    assert said.startswith(f"{tmp_path}/file") and said.lower().endswith("not a directory")


def test_a_folder_that_cannot_be_found_is_named(tmp_path):
    said = file_error(raised(tf.io.gfile.listdir, f"{tmp_path}/x"))
    assert said == f"Could not find directory {tmp_path}/x"


def test_a_full_disk_is_named():
    def write():
        with tf.io.gfile.GFile("/dev/full", "w") as file:
            file.write("text")

    assert file_error(raised(write)) == "/dev/full; No space left on device"


def test_a_stream_that_cannot_be_written_is_named():
    assert file_error(OSError(5, "Input/output error")) == "what is printed; Input/output error"


@pytest.mark.parametrize(
    "error",
    [
        ValueError("a bug; No such file or directory"),
        RuntimeError(),
        OSError("no reason"),
        tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor of shape [8]"),
        tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [2] vs. [3]"),
    ],
    ids=repr,
)
def test_other_errors_are_not_about_files(error):
    assert file_error(error) is None
