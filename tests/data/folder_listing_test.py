"""Files of a folder: which are pictures by name or content, which are hidden, which never read."""

import os

import pytest

from tf_simclr.data import folder_listing

BEGINNINGS = {
    "jpeg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "gif": b"GIF89a",
    "bmp": b"BM\x12\x34\0\0\0\0\0\0\x36\0\0\0",
    "webp": b"RIFF\x12\x34\0\0WEBPVP8 ",
    "tiff": b"II*\0\x08\0\0\0",
    "big-endian tiff": b"MM\0*\0\0\0\x08",
    "avif": b"\0\0\0\x20ftypavif",
    "jpeg 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "qoi": b"qoif\0\0\0\1",
}
OTHERS = {
    "text": b"BMW is a maker of cars",
    "heic": b"\0\0\0\x18ftypheic",
    "riff": b"RIFF\x12\x34\0\0WAVEfmt ",
    "zip": b"PK\3\4",
    "empty": b"",
}


@pytest.mark.parametrize("name", ["a", "a.dat", "a.download"])
@pytest.mark.parametrize("kind", [*BEGINNINGS, *OTHERS])
def test_content_tells_where_the_name_does_not(tmp_path, kind, name):
    (tmp_path / name).write_bytes((BEGINNINGS | OTHERS)[kind])
    assert folder_listing.is_picture(str(tmp_path), name) == (kind in BEGINNINGS)


@pytest.mark.parametrize("suffix", ["jpe", "JFIF", "jpg", "tif", "TIFF", "avif", "pgm", "jp2"])
def test_some_names_tell_without_a_look(tmp_path, suffix):
    assert folder_listing.is_picture(str(tmp_path), f"missing.{suffix}")


def test_a_cameras_raw_file_is_not_its_preview(tmp_path):
    (tmp_path / "a.DNG").write_bytes(BEGINNINGS["tiff"])
    assert not folder_listing.is_picture(str(tmp_path), "a.DNG")


def test_what_is_no_file_is_never_read(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # Opening it would wait for ever.
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "itself").symlink_to("itself")
    (tmp_path / "zeros").symlink_to("/dev/zero")
    for name in ("pipe", "gone", "itself", "zeros", "missing"):
        assert not folder_listing.may_be_read(str(tmp_path / name))
        assert not folder_listing.is_picture(str(tmp_path), name)
    (tmp_path / "file").touch()
    assert folder_listing.may_be_read(str(tmp_path / "file"))
    assert folder_listing.may_be_read("gs://bucket/far_away")


def test_a_folder_may_be_called_as_a_picture_is(tmp_path):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "x.jpg/a.png").touch()
    assert folder_listing.list_files(str(tmp_path)) == ["x.jpg/a.png"]


def test_a_link_to_any_folder_above_is_not_followed(tmp_path):
    (tmp_path / "pictures/a/b").mkdir(parents=True)
    (tmp_path / "pictures/a/b/1.png").touch()
    (tmp_path / "pictures/a/b/up").symlink_to(tmp_path / "pictures/a")
    (tmp_path / "pictures/a/b/top").symlink_to(tmp_path / "pictures")
    (tmp_path / "pictures/also").symlink_to("a")
    (tmp_path / "pictures/itself").symlink_to("itself")
    (tmp_path / "link").symlink_to("pictures")
    listed = ["a/b/1.png", "also/b/1.png", "itself"]
    for folder in ("pictures", "link"):
        assert folder_listing.list_files(str(tmp_path / folder)) == listed


def test_a_listing_knows_size_and_time_of_local_files(tmp_path):
    (tmp_path / "a.png").write_bytes(b"12345")
    os.utime(tmp_path / "a.png", ns=(0, 1_700_000_000_123_456_789))
    (tmp_path / "b.png").symlink_to("a.png")
    (tmp_path / "c.png").symlink_to("nowhere")
    os.mkfifo(tmp_path / "d.png")
    listing = folder_listing.list_pictures(str(tmp_path), print)
    assert listing.paths == ["a.png", "b.png", "c.png", "d.png"]
    stamp = (5, 1_700_000_000_123_456_789)
    assert listing.stamps.tolist() == [stamp, stamp, (-1, -1), (-1, -1)]


def test_what_systems_leave_is_not_listed(tmp_path):
    hidden = [
        *("._x.jpg", ".DS_Store", "Thumbs.db", "desktop.ini", "cat/.a.png", "cat/THUMBS.DB"),
        *("__MACOSX/cat/a.png", "@eaDir/a.jpg", ".ipynb_checkpoints/a.png", "$RECYCLE.BIN/a.png"),
    ]
    for name in (*hidden, "cat/a.png", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert folder_listing.list_files(str(tmp_path)) == ["cat/a.png", "notes.txt"]


def listed(folder):
    return folder_listing.list_files(str(folder))


def test_what_a_run_wrote_among_the_pictures_is_not_listed(tmp_path, monkeypatch):
    run = tmp_path / "runs/mine"
    for path in ("cat/a.png", "runs/b.png", "runs/mine/eval/sprite.png", "flags/flags.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (run / "flags.json").touch()  # By itself it may be somebody's data.
    assert "runs/mine/eval/sprite.png" in listed(tmp_path)
    (run / "dataset.json").touch()
    expected = ["cat/a.png", "flags/flags.json", "runs/b.png"]
    assert listed(tmp_path) == expected
    assert "eval/sprite.png" in listed(run)  # The folder that is asked for itself.
    monkeypatch.setattr(folder_listing.buckets, "is_remote", lambda path: True)
    assert listed(tmp_path) == expected


ODD = [
    "a b",
    "ü",
    "日本",
    "x[1]",
    "star*",
    "q?",
    "back\\slash",
    "new\nline",
    "'\"",
    "-dash",
    "%41",
    "~",
]


def test_odd_names_are_listed_as_they_are(tmp_path):
    for name in ODD:
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").touch()
    listed = folder_listing.list_files(str(tmp_path))
    assert listed == sorted(f"{name}/{name}.png" for name in ODD)


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ([], ""),
        (["a/notes"], "1 without a suffix (a/notes)"),
        (["a.txt", "x/a.HEIC", "x/b.heic"], "2 .heic (such as x/a.HEIC), 1 .txt (a.txt)"),
        (
            [f"a.{kind}" for kind in "bcdefgh"],
            "1 .b (a.b), 1 .c (a.c), 1 .d (a.d), 1 .e (a.e), 1 .f (a.f) and 2 of other kinds",
        ),
        (["two\nlines.txt"], "1 .txt ('two\\nlines.txt')"),
    ],
)
def test_files_are_told_by_kind(paths, told):
    assert folder_listing.tell_kinds(paths) == told
