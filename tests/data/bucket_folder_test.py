"""A folder of pictures in a bucket: each is decoded once, and an outage is no damaged picture."""

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tf_simclr.data import kept_findings
from tf_simclr.data.labelled_subset import keep_labels
from tf_simclr.data.opening import open_source


def encoded(seed=0, **options):
    pixels = np.random.default_rng(seed).integers(0, 256, (9, 13, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", **options)
    return file.getvalue()


def put(path, content):
    with tf.io.gfile.GFile(path, "wb") as file:
        file.write(content)


@pytest.fixture
def folder(storage, request):
    """Six pictures in a bucket: one lies on its side, one is damaged."""
    folder = f"gs://bucket/{request.node.name}"
    for number in range(5):
        put(f"{folder}/{number}.jpg", encoded(number))
    put(f"{folder}/5.jpg", encoded(5)[:60])
    exif = Image.Exif()
    exif[0x0112] = 6
    put(f"{folder}/0.jpg", encoded(0, exif=exif))
    storage.requests()
    return folder


@pytest.fixture
def opened(storage, folder):
    """Called with options: the folder's pictures, those that were read for it, and the lines."""

    def opened(**options):
        lines = []
        source = open_source(
            "image_folder",
            data_dir=folder,
            max_bad_fraction=0.5,
            report=lines.append,
            **options,
        )
        start = f"GET storage.googleapis.com/{folder.removeprefix('gs://')}/"
        asked = storage.requests()
        read = {a.removeprefix(start) for a in asked if a.startswith(start) and a.endswith("jpg")}
        return source.pictures, read, lines

    return opened


ALL = {f"{number}.jpg" for number in range(6)}


def test_the_next_start_decodes_nothing_and_finds_the_same(opened):
    pictures, read, lines = opened()
    assert read == ALL and len(pictures["train"]) == 5
    assert lines == ["image_folder: 1 of 6 pictures unreadable, skipped: 5.jpg"]
    assert opened() == (pictures, set(), lines)


def test_what_is_new_changed_or_gone_is_noticed(opened, folder):
    opened()
    put(f"{folder}/6.jpg", encoded(6))
    put(f"{folder}/1.jpg", encoded(1)[:60])  # Was whole.
    put(f"{folder}/5.jpg", encoded(5))  # Was damaged.
    tf.io.gfile.remove(f"{folder}/2.jpg")
    pictures, read, lines = opened()
    assert read == {"1.jpg", "5.jpg", "6.jpg"} and len(pictures["train"]) == 5
    assert lines == ["image_folder: 1 of 6 pictures unreadable, skipped: 1.jpg"]
    assert opened() == (pictures, set(), lines)


def test_a_picture_of_the_same_size_that_was_written_since_is_looked_at(opened, folder):
    content = encoded(1)
    put(f"{folder}/1.jpg", content)
    opened()
    put(f"{folder}/1.jpg", content[:60] + bytes(len(content) - 60))
    assert opened()[1] == {"1.jpg"}


@pytest.mark.parametrize("content", [b"", b"no gzip", b"\x1f\x8b\x08\x00cut"])
def test_what_was_kept_and_is_damaged_is_made_anew(opened, folder, content):
    put(f"{folder}/{kept_findings.NAME}", content)
    assert opened()[1] == ALL
    assert opened()[1] == set()


def test_what_another_version_of_the_decoders_found_does_not_count(opened, monkeypatch):
    opened()
    monkeypatch.setattr(kept_findings.PIL, "__version__", "another")
    assert opened()[1] == ALL


def test_of_pictures_that_may_only_be_read_it_is_kept_with_the_run(opened, storage, folder):
    storage.refuse("POST .*/b/bucket/o$", 403)
    pictures, read, lines = opened()
    assert read == ALL and opened()[1] == ALL
    assert lines[0].startswith("image_folder: what was found in the pictures cannot be kept")
    storage.refuse("", 0)
    tf.io.gfile.makedirs("gs://other/run")
    storage.refuse("POST .*/b/bucket/o$", 403)
    assert opened(kept_in="gs://other/run")[1:] == (ALL, lines[1:])
    assert opened(kept_in="gs://other/run") == (pictures, set(), lines[1:])


@pytest.mark.parametrize("status", [403, 503])
@pytest.mark.parametrize("served", [0, 3])
def test_what_the_storage_refuses_is_not_said_to_be_damaged(opened, storage, status, served):
    storage.refuse("GET storage.googleapis.com/.*jpg", status, after=served)
    with pytest.raises(tf.errors.OpError, match=f"response code {status}"):
        opened()
    storage.refuse("", 0)
    assert opened()[1] == ALL


def test_many_are_looked_at_side_by_side(folder):
    from tf_simclr.data import folder_listing

    assert folder_listing.threads_for(folder) == 64


@pytest.mark.parametrize("labels", ["all", "few"])
def test_what_is_remembered_is_read_once_and_looks_the_same(storage, folder, labels):
    for number in range(4):
        tf.io.gfile.rename(f"{folder}/{number}.jpg", f"{folder}/{'ab'[number % 2]}/{number}.jpg")
    source = open_source("image_folder", data_dir=folder, max_bad_fraction=0.5)
    if labels == "few":
        source = keep_labels(source, "train", ["a/0.jpg", "b/1.jpg"], drop=False)

    def seen(share):
        """What three epochs show, and which pictures were read for it."""
        storage.requests()
        records = share.shuffled(seed=0, start=0, window=8).map(share.parse).take(3 * share.size)
        shown = records.map(lambda r: (r["label"], *_halves(source, r["image"])))
        found = list(shown.as_numpy_iterator())
        asked = [a for a in storage.requests() if a.startswith("GET storage.") and "jpg" in a]
        return found, asked

    expected, without = seen(source.share("train"))
    found, asked = seen(source.share("train").remembered())
    assert len(without) >= 3 * len(asked)  # Whether a graph reads a file for both halves varies.
    assert len(set(asked)) == len(asked) == 5
    for ours, theirs in zip(found, expected, strict=True):
        for value, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(value, other)


def _halves(source, image):
    """A picture whole, and cut from its file as for views."""
    picture, places = source.decode_windows(image, lambda shape: tf.constant([[0, 0, 5, 5]]))
    return source.decode(image), picture, places
