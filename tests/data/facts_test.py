"""Facts about a folder's pictures: counted in the pictures that Pillow wrote."""

import numpy as np
import pytest
from PIL import Image

from tf_simclr.data import examination
from tf_simclr.data.facts import Facts, facts_of
from tf_simclr.data.opening import open_source


def save(path, *, height, width, gray=False, **options):
    shape = (height, width) if gray else (height, width, 3)
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)


@pytest.mark.parametrize("count", [3, 8])
def test_facts_are_those_of_a_loop_over_the_pictures(count):
    random = np.random.default_rng(count)
    labels = random.integers(-1, 3, count)
    sizes = random.integers(10, 99, (count, 2))
    gray = random.random(count) < 0.5
    sides = sorted(min(height, width) for height, width in sizes.tolist())
    middle = (sides[(count - 1) // 2] + sides[count // 2]) / 2
    given = [label for label in labels.tolist() if label >= 0]
    assert facts_of(labels, sizes, gray) == Facts(
        pictures=count,
        labelled=len(given),
        classes=len(set(given)),
        side=int(middle),
        gray=sum(gray.tolist()) / count,
    )


def test_facts_of_a_folder_come_from_the_one_decode_at_opening(tmp_path, monkeypatch):
    exif = Image.Exif()
    exif[0x0112] = 6  # Lying: the shorter side is the same.
    save(tmp_path / "train/cat/a.png", height=9, width=13)
    save(tmp_path / "train/cat/b.jpg", height=24, width=16, gray=True)
    save(tmp_path / "train/dog/c.jpg", height=40, width=30, exif=exif)
    save(tmp_path / "train/d.gif", height=11, width=50, gray=True)
    save(tmp_path / "train/e.png", height=70, width=60)
    (tmp_path / "train/dog/cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    save(tmp_path / "test/cat/f.png", height=5, width=4)
    decodes = []
    measure = examination._measure
    monkeypatch.setattr(
        examination, "_measure", lambda encoded: decodes.append(1) or measure(encoded)
    )
    source = open_source("image_folder", data_dir=str(tmp_path), max_bad_fraction=0.5)
    assert len(decodes) == 7
    assert source.facts("train") == Facts(pictures=5, labelled=3, classes=2, side=16, gray=0.4)
    assert source.facts("test") == Facts(pictures=1, labelled=1, classes=1, side=4, gray=0.0)
    assert source.facts("train+test").pictures == 6
    sides = {"a.png": 9, "b.jpg": 16, "c.jpg": 30, "d.gif": 11, "e.png": 60}
    for record in source.records("train", names=True).take(1).as_numpy_iterator():
        name = record["name"].decode().rpartition("/")[2]
        assert source.facts("train[:1]").side == sides[name]
    assert len(decodes) == 7
    with pytest.raises(ValueError, match="Received: split=validation"):
        source.facts("validation")


def test_a_folder_of_unlabelled_pictures_has_no_classes(tmp_path):
    for number in range(4):
        save(tmp_path / f"{number}.png", height=20 + number, width=99, gray=number < 3)
    source = open_source("image_folder", data_dir=str(tmp_path))
    assert source.facts("train") == Facts(pictures=4, labelled=0, classes=0, side=21, gray=0.75)
