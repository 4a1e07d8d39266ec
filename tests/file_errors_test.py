"""Errors of file systems are told by path and reason, and no other error is."""

import os

import pytest
import tensorflow as tf

from tf_simclr.file_errors import file_error, of_storage, passes, reason


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
    assert file_error(OSError(5, "Input/output error")) == "the output; Input/output error"


def read_records(path):
    for _ in tf.data.TFRecordDataset(path):
        pass


def write_text(path):
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("text")


ON_STORAGE = [tf.io.read_file, read, read_records, tf.io.gfile.stat, tf.io.gfile.exists]


@pytest.mark.parametrize("call", [*ON_STORAGE, write_text])
@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "Run `gcloud auth"),
        (403, "may not do that. Give it a role"),
        (412, "the storage refuses"),
        (503, "is unavailable"),
    ],
)
def test_what_the_storage_refuses_is_named_and_so_is_why(storage, call, status, said):
    storage.refuse("", status)
    error = raised(call, "gs://bucket/a picture.png")
    told = file_error(error)
    assert told.startswith(f"gs://bucket/a picture.png; HTTP response {status}: ") and said in told
    assert reason(error) == told and of_storage(error) and passes(error) == (status == 503)


@pytest.mark.parametrize("call", [tf.io.read_file, read, read_records])
def test_what_is_missing_in_the_storage_is_named(storage, call):
    told = file_error(raised(call, "gs://bucket/missing"))
    assert told == "gs://bucket/missing; HTTP response 404: there is no such object or bucket"
    assert not of_storage(raised(call, "gs://bucket/missing"))
    asked = file_error(raised(tf.io.gfile.stat, "gs://bucket/missing"))
    assert asked == "The specified path gs://bucket/missing was not found"


@pytest.mark.parametrize("call", ON_STORAGE)
def test_a_storage_that_cannot_be_reached_is_named(storage, call, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    told = file_error(raised(call, "gs://bucket/a"))
    start = "gs://bucket/a; Google Cloud Storage cannot be reached (Could"
    assert told.startswith(start) and told.endswith(" connect to server)")
    assert passes(raised(call, "gs://bucket/a"))


@pytest.mark.parametrize(
    ("status", "later"), [(401, False), (404, False), (408, True), (429, True), (500, True)]
)
def test_what_the_storage_may_do_later_is_known_in_what_is_raised_from_it_too(status, later):
    error = ValueError("`model_dir` must be a folder that can be written.")
    assert not passes(error)
    said = f"Error executing an HTTP request: HTTP response code {status} when reading gs://a/b"
    error.__cause__ = tf.errors.UnknownError(None, None, said)
    assert passes(error) == later


@pytest.mark.parametrize("call", [save, tf.train.load_checkpoint])
def test_a_checkpoint_that_the_storage_refuses_is_named(storage, call):
    storage.refuse("", 403)
    told = file_error(raised(call, "gs://bucket/ckpt-1"))
    assert told.startswith("gs://bucket/") and "; HTTP response 403: " in told


def test_the_rest_of_what_an_error_says_is_left_out():
    assert reason(OSError(28, "No space left on device", "/a")) == "/a; No space left on device"
    assert reason(tf.errors.UnknownError(None, None, "first\nsecond")) == "first"
    assert reason(RuntimeError()) == "RuntimeError"


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
