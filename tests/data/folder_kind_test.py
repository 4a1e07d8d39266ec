"""Somebody's pictures are told from what TFDS prepared."""

import pytest
import tensorflow as tf

from tf_simclr.data.folder_kind import holds_pictures


@pytest.mark.parametrize(
    ("files", "pictures"),
    [
        (["a.png"], True),
        (["cat/a.JPG", "dog/b.png"], True),
        (["train/cat/more/a.png", "notes.txt"], True),
        (["emoji32/1.0.0/dataset_info.json", "emoji32/1.0.0/a.tfrecord"], False),
        (["dataset_info.json", "a.tfrecord"], False),
        # TFDS keeps what it downloaded below.
        (["x/1.0.0/dataset_info.json", "downloads/extracted/ZIP/set/a.png"], False),
        (["downloads/manual/ILSVRC2012_img_train.tar"], False),
    ],
)
def test_pictures_or_prepared_data(tmp_path, files, pictures):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert holds_pictures(str(tmp_path)) is pictures


def test_a_picture_is_known_by_its_content_too(tmp_path):
    (tmp_path / "photo").write_bytes(b"\xff\xd8\xff\xe0" + bytes(20))
    assert holds_pictures(str(tmp_path))


@pytest.mark.parametrize("files", [[], ["notes.txt"], [".hidden/a.png"]])
def test_a_folder_of_neither_is_refused(tmp_path, files):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match="`data_dir` must hold pictures, or what TFDS prepared"):
        holds_pictures(str(tmp_path))


def test_a_folder_that_may_not_be_listed_is_said(tmp_path, monkeypatch):
    """Stands for a folder without rights, which none is to root."""

    def denied(path):
        raise tf.errors.PermissionDeniedError(None, None, f"{path}; Permission denied")

    monkeypatch.setattr(tf.io.gfile, "listdir", denied)
    with pytest.raises(
        ValueError, match="`data_dir` must be .* can be listed .* Permission denied"
    ):
        holds_pictures(str(tmp_path))
    with pytest.raises(tf.errors.PermissionDeniedError):  # Its reason is told elsewhere.
        holds_pictures("gs://bucket/pictures")
