"""A second start looks only at what is new or changed in a local folder, and never at the wrong."""

import os
import pathlib
import shutil

import numpy as np
import pytest
from PIL import Image

from tf_simclr.data import examination, kept_findings
from tf_simclr.data.opening import open_source


def save(path, seed, side=9):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 4, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    age(path)


def age(path, seconds=100):
    """Has a file written before: what was written just now may change without a new time."""
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - seconds * 10**9))


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("TF_SIMCLR_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    for number in range(6):
        save(folder / "ab"[number % 2] / f"{number}.png", number)
    (folder / "a/cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    age(folder / "a/cut.png")
    return folder


ALL = {"0.png", "1.png", "2.png", "3.png", "4.png", "5.png", "cut.png"}


@pytest.fixture
def opened(monkeypatch):
    """Called with a folder: the source, the names of what was examined for it, and the lines."""
    looked_at = []
    examined = examination._examined

    def look(path):
        looked_at.append(os.path.basename(path))
        return examined(path)

    monkeypatch.setattr(examination, "_examined", look)

    def opened(folder, **options):
        looked_at.clear()
        lines = []
        source = open_source(
            "image_folder",
            data_dir=str(folder),
            max_bad_fraction=0.5,
            report=lines.append,
            **options,
        )
        return source, set(looked_at), lines

    return opened


def test_a_second_start_looks_at_nothing_and_finds_the_same(opened, folder, cache):
    first, looked_at, lines = opened(folder)
    assert looked_at == ALL
    assert lines == ["image_folder: 1 of 7 pictures unreadable, skipped: a/cut.png"]
    second, looked_at, again = opened(folder)
    assert looked_at == set() and again == lines
    assert second.pictures == first.pictures and second.splits == first.splits
    assert second.facts("train") == first.facts("train")
    np.testing.assert_array_equal(second.details["train"], first.details["train"])
    [kept] = (cache / "pictures").iterdir()
    assert kept.name.startswith("pictures-") and kept.suffix == ".npz"


@pytest.mark.parametrize("way", ["link", "slash", "dots"])
def test_a_folder_is_the_same_however_it_is_spelled(opened, folder, cache, way):
    opened(folder)
    (folder.parent / "link").symlink_to(folder)
    spelled = {"link": folder.parent / "link", "slash": f"{folder}/", "dots": f"{folder}/../link"}
    assert opened(spelled[way])[1] == set()
    assert len(list((cache / "pictures").iterdir())) == 1


def test_what_is_new_changed_renamed_or_gone_is_noticed(opened, folder, cache):
    opened(folder)
    save(folder / "a/new.png", 10)
    save(folder / "b/1.png", 11)  # Another picture of the same size, at about the same time.
    (folder / "a/2.png").rename(folder / "a/renamed.png")
    (folder / "b/3.png").unlink()
    age(folder / "a/4.png", -50)
    source, looked_at, _ = opened(folder)
    assert looked_at == {"new.png", "1.png", "renamed.png", "4.png"}
    assert source.num_examples("train") == 6
    assert opened(folder)[1] == set()
    shutil.rmtree(folder / "b")  # Only fewer.
    opened(folder)
    kept = kept_findings.read(kept_findings.files(str(folder), None), print)
    assert [os.path.basename(path) for path in kept.paths] == [
        *("0.png", "4.png", "cut.png", "new.png", "renamed.png")
    ]


def test_a_picture_written_just_now_is_looked_at_again(opened, folder, cache, monkeypatch):
    monkeypatch.setattr(examination, "_RECENT", 50 * 10**9)
    age(folder / "a/2.png", -100)  # A moment ago.
    opened(folder)
    assert opened(folder)[1] == {"2.png"}
    age(folder / "a/2.png")
    assert opened(folder)[1] == {"2.png"}
    assert opened(folder)[1] == set()


def test_what_changes_while_it_is_examined_is_looked_at_again(opened, folder, cache, monkeypatch):
    examined = examination._examined

    def changed_meanwhile(path):
        found = examined(path)
        if path.endswith("2.png"):
            save(pathlib.Path(path), 20, side=12)
        if path.endswith("3.png"):
            os.remove(path)
        return found

    monkeypatch.setattr(examination, "_examined", changed_meanwhile)
    opened(folder)
    monkeypatch.setattr(examination, "_examined", examined)
    source, _, _ = opened(folder)
    assert source.splits == {"train": 5}
    assert 12 in source.details["train"]["height"]


def test_what_vanishes_before_it_is_examined_is_unreadable(opened, folder, monkeypatch, cache):
    listed = examination.kept_findings.files

    def vanishes(*arguments):
        (folder / "a/2.png").unlink(missing_ok=True)
        return listed(*arguments)

    monkeypatch.setattr(examination.kept_findings, "files", vanishes)
    assert "2 of 7 pictures unreadable, skipped: a/2.png, a/cut.png" in opened(folder)[2][0]
    assert opened(folder)[0].splits == {"train": 5}


@pytest.mark.parametrize("size", [0, 1, 100, -1])
def test_what_was_kept_and_is_damaged_is_made_anew_with_a_line(opened, folder, cache, size):
    opened(folder)
    [path] = (cache / "pictures").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[:size])
    _, looked_at, lines = opened(folder)
    assert looked_at == ALL
    assert lines[0] == f"image_folder: {path} is damaged: the pictures are examined anew"
    assert opened(folder)[1] == set()


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_is_never_believed(opened, folder, cache, seed):
    first = opened(folder)[0]
    [path] = (cache / "pictures").iterdir()
    content = bytearray(path.read_bytes())
    place = int(np.random.default_rng(seed).integers(len(content)))
    content[place] ^= 1 << seed
    path.write_bytes(content)
    again = opened(folder)[0]
    assert again.pictures == first.pictures
    np.testing.assert_array_equal(again.details["train"], first.details["train"])


def test_other_things_in_its_place_are_damage(opened, folder, cache):
    opened(folder)
    [path] = (cache / "pictures").iterdir()
    for wrong in ({"a": np.zeros(3)}, {"read_by": np.array(["x"], object)}):
        np.savez(path, **wrong)
        assert opened(folder)[1] == ALL
    np.save(path.with_suffix(".npy"), np.zeros(3))
    path.with_suffix(".npy").rename(path)
    assert opened(folder)[1] == ALL


def test_what_other_decoders_found_does_not_count(opened, folder, cache, monkeypatch):
    opened(folder)
    monkeypatch.setattr(kept_findings.PIL, "__version__", "another")
    assert opened(folder)[1:] == (
        ALL,
        ["image_folder: 1 of 7 pictures unreadable, skipped: a/cut.png"],
    )


@pytest.mark.parametrize("with_run", [False, True])
def test_a_cache_that_cannot_be_written_is_no_obstacle(
    opened, folder, tmp_path, monkeypatch, with_run
):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TF_SIMCLR_CACHE", str(tmp_path / "file/cache"))
    run = tmp_path / "run"
    run.mkdir()
    options = {"kept_in": str(run)} if with_run else {}
    _, looked_at, lines = opened(folder, **options)
    assert looked_at == ALL and len(lines) == 1 + (not with_run)
    assert with_run or "cannot be kept, so the next start decodes them again (" in lines[0]
    assert opened(folder, **options)[1] == (set() if with_run else ALL)
    assert list(run.iterdir()) == ([run / kept_findings.NAME] if with_run else [])


def test_where_it_is_kept_can_be_chosen_or_turned_off(monkeypatch, tmp_path):
    def place():
        files = kept_findings.files("/pictures/cats and dogs", None)
        return [os.path.dirname(path) for path in files]

    monkeypatch.setenv("HOME", "/home/of")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for chosen in (None, ""):
        monkeypatch.setenv("TF_SIMCLR_CACHE", chosen or "")
        assert place() == ["/home/of/.cache/tf_simclr/pictures"]
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert place() == ["/caches/tf_simclr/pictures"]
    monkeypatch.setenv("TF_SIMCLR_CACHE", "~/mine")
    assert place() == ["/home/of/mine/pictures"]
    monkeypatch.setenv("TF_SIMCLR_CACHE", "off")
    assert place() == [] and kept_findings.files("/pictures", "/run") == []
    assert kept_findings.files("gs://b/p", None) == [f"gs://b/p/{kept_findings.NAME}"]


def test_one_who_stops_the_first_start_keeps_what_it_has_found(opened, folder, cache, monkeypatch):
    monkeypatch.setattr(examination, "_AT_ONCE", 1)
    monkeypatch.setattr(examination, "_WORTH_KEEPING", 2)
    monkeypatch.setattr(examination.folder_listing, "threads_for", lambda folder: 1)
    advance = examination.Progress.advance

    def stop(progress, by):
        advance(progress, by)
        if progress.done == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(examination.Progress, "advance", stop)
        with pytest.raises(KeyboardInterrupt):
            opened(folder)
    looked_at = opened(folder)[1]
    assert len(looked_at) == 4 and looked_at < ALL
    assert opened(folder)[1] == set()


def test_names_of_any_kind_are_kept(opened, tmp_path, cache):
    odd = [" a b.png", "日本.png", "back\\slash.png", "two\nlines.png", "tab\t.png"]
    for number, name in enumerate(odd):
        save(tmp_path / "odd" / name, number)
    first = opened(tmp_path / "odd")[0]
    second, looked_at, _ = opened(tmp_path / "odd")
    assert looked_at == set() and second.pictures == first.pictures
