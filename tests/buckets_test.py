"""Objects in a bucket: one that cannot be read does not count as missing."""

import pytest
import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.pretrained.find import find
from tf_simclr.workdir import checkpoints


def write(path):
    with tf.io.gfile.GFile(path, "w") as file:
        file.write("text")


def test_folders_are_told_from_files_and_from_nothing(storage, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/file").touch()
    write("gs://bucket/folder/file")
    for root in (str(tmp_path), "gs://bucket"):
        assert buckets.is_folder(f"{root}/folder")
        assert not buckets.is_folder(f"{root}/folder/file")
        assert not buckets.is_folder(f"{root}/missing")


@pytest.mark.parametrize("status", [401, 403, 503])
def test_a_folder_that_cannot_be_seen_is_not_said_to_be_missing(storage, status):
    storage.refuse("", status)
    with pytest.raises(tf.errors.OpError, match=f"HTTP response code {status}"):
        buckets.is_folder("gs://bucket/folder")


def test_a_checkpoint_that_lost_a_file_is_damaged(storage):
    part = tf.Module()
    part.weight = tf.Variable(2.0)
    saved = checkpoints.Checkpoints("gs://bucket/damaged", {"encoder": part})
    for step in (1, 2):
        saved.save(step)
    tf.io.gfile.remove("gs://bucket/damaged/ckpt-2.data-00000-of-00001")
    found = checkpoints.newest_whole("gs://bucket/damaged", report=lambda line: None)
    assert found == "gs://bucket/damaged/ckpt-1"


@pytest.mark.parametrize("status", [403, 503])
def test_checkpoints_that_cannot_be_read_are_neither_missing_nor_damaged(storage, status):
    part = tf.Module()
    part.weight = tf.Variable(2.0)
    checkpoints.Checkpoints("gs://bucket/run", {"encoder": part}).save(1)
    assert find("gs://bucket/run") == "gs://bucket/run/ckpt-1"
    for refused in ("", "GET storage.googleapis.com/"):  # All, or what is in the files.
        storage.refuse(refused, status)
        with pytest.raises((tf.errors.OpError, ValueError), match=f"response code {status}"):
            checkpoints.newest_whole("gs://bucket/run")


def test_a_bucket_must_exist(storage):
    paths = {"data_dir": "/local", "model_dir": "gs://bucket/run", "output": ""}
    buckets.require_buckets(paths)
    storage.refuse("GET www.googleapis.com/storage/v1/b/bucket$", 403)  # As for object admins.
    buckets.require_buckets(paths)
    storage.refuse("GET www.googleapis.com/storage/v1/b/bucket$", 404)
    with pytest.raises(ValueError, match=r"`model_dir` must be in a bucket .*'gs://bucket/run'"):
        buckets.require_buckets(paths)
    storage.refuse("", 503)
    with pytest.raises(tf.errors.OpError, match="503"):
        buckets.require_buckets(paths)


@pytest.mark.parametrize("path", ["gs://", "gs:///run"])
def test_a_bucket_must_have_a_name(storage, path):
    with pytest.raises(ValueError, match="`model_dir` must name a bucket: gs://BUCKET/FOLDER. Rec"):
        buckets.require_buckets({"model_dir": path})
