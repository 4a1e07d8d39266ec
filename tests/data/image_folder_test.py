"""image_folder: formats and layouts are read as Pillow reads them, unreadable files named."""

import itertools
import os
import pathlib
from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source


def noise(height: int = 9, width: int = 13, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def save(path: pathlib.Path, picture: Image.Image | None = None, **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (picture or Image.fromarray(noise())).save(path, **options)


def open_folder(folder: pathlib.Path, **options) -> Source:
    return open_source("image_folder", data_dir=str(folder), **options)


def paths(source: Source, split: str = "train") -> list[str]:
    return listed(source.records(split))


def listed(records: tf.data.Dataset) -> list[str]:
    return [record["image"].decode()[1:] for record in records.as_numpy_iterator()]


def labels(source: Source, split: str = "train") -> dict[str, int]:
    return {
        pathlib.Path(record["image"].decode()).name: int(record["label"])
        for record in source.records(split).as_numpy_iterator()
    }


def decoded(source: Source) -> np.ndarray:
    dataset = source.records("train").map(lambda record: source.decode(record["image"]))
    assert dataset.element_spec == tf.TensorSpec([None, None, 3], tf.uint8)
    image = next(dataset.as_numpy_iterator())
    eager = source.decode(next(iter(source.records("train")))["image"])
    np.testing.assert_array_equal(image, eager)
    return image


def on_white(picture: Image.Image) -> np.ndarray:
    """Composites by the definition of alpha, in floats."""
    rgba = np.asarray(picture.convert("RGBA")).astype(np.float64)
    alpha = rgba[..., 3:] / 255
    return rgba[..., :3] * alpha + 255 * (1 - alpha)


MAKE: dict[str, Callable[[], Image.Image]] = {
    "RGB": lambda: Image.fromarray(noise()),
    "L": lambda: Image.fromarray(noise()[..., 0]),
    "1": lambda: Image.fromarray(noise()).convert("1"),
    "P": lambda: Image.fromarray(noise()).convert("P"),
    "RGBA": lambda: Image.fromarray(noise(channels=4)),
    "LA": lambda: Image.fromarray(noise(channels=4)).convert("LA"),
    "CMYK": lambda: Image.fromarray(np.full((9, 13, 4), (10, 80, 160, 30), np.uint8), "CMYK"),
}


@pytest.mark.parametrize(
    ("name", "mode"),
    [("a.jpg", "RGB"), ("a.JPEG", "L"), ("a.jpg", "CMYK")]
    + [("a.png", mode) for mode in ("RGB", "L", "1", "P", "RGBA", "LA")]
    + [("a.Gif", mode) for mode in ("L", "P", "RGBA")]
    + [("a.bmp", mode) for mode in ("RGB", "L", "1", "P")]
    + [("a.webp", mode) for mode in ("RGB", "RGBA")],
)
def test_pixels_are_those_of_pillow(tmp_path, name, mode):
    save(tmp_path / name, MAKE[mode]())
    with Image.open(tmp_path / name) as picture:
        expected = on_white(picture)
    # Half a level is the rounding of the composite; two is how far the two roads from CMYK differ.
    tolerance = 2 if mode == "CMYK" else 0.5
    np.testing.assert_allclose(decoded(open_folder(tmp_path)), expected, atol=tolerance)


def test_palette_with_transparency_is_laid_on_white(tmp_path):
    save(tmp_path / "a.png", MAKE["P"](), transparency=7)
    with Image.open(tmp_path / "a.png") as picture:
        np.testing.assert_allclose(decoded(open_folder(tmp_path)), on_white(picture), atol=0.5)


def test_sixteen_bits_keep_the_upper_eight(tmp_path):
    levels = np.random.default_rng(0).integers(0, 65536, (5, 6), np.uint16)
    save(tmp_path / "a.png", Image.fromarray(levels))
    expected = np.repeat((levels >> 8)[..., None], 3, axis=-1)
    np.testing.assert_array_equal(decoded(open_folder(tmp_path)), expected)


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_of_an_animation_the_first_frame_is_taken(tmp_path, suffix):
    first, second = (Image.fromarray(noise(seed=seed)).quantize(64) for seed in (0, 1))
    options = {"lossless": True} if suffix == "webp" else {}
    save(tmp_path / f"a.{suffix}", first, save_all=True, append_images=[second], **options)
    np.testing.assert_array_equal(decoded(open_folder(tmp_path)), first.convert("RGB"))


@pytest.mark.parametrize("suffix", ["jpg", "webp"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    save(tmp_path / f"a.{suffix}", Image.fromarray(noise(16, 24)), exif=exif)
    with Image.open(tmp_path / f"a.{suffix}") as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture).convert("RGB"))
    np.testing.assert_array_equal(decoded(open_folder(tmp_path)), expected)


WINDOWS = [
    [[0, 0, 16, 24]],
    [[5, 7, 1, 1]],
    [[2, 3, 6, 13]],  # Up to where colours of half the resolution are stored in another block.
    [[1, 3, 6, 8], [9, 2, 3, 15]],
    [[2, 1, 9, 11], [4, 9, 7, 6], [11, 0, 1, 5]],
]


def in_a_graph(source: Source):
    """decode_windows of given windows, as Dataset.map runs it."""
    signature = [tf.TensorSpec([], tf.string), tf.TensorSpec([None, 4], tf.int32)]
    return tf.function(
        lambda image, wanted: source.decode_windows(image, lambda shape: wanted),
        input_signature=signature,
    )


def assert_windows_are_those_of_decode(source: Source) -> None:
    """Decoding a part gives, in each window, what decoding all and cutting gives."""
    image = next(iter(source.records("train")))["image"]
    whole = source.decode(image).numpy()
    part, lying = in_a_graph(source), whole.shape[0] > whole.shape[1]
    for windows in WINDOWS:
        wanted = np.array(windows)[:, [1, 0, 3, 2]] if lying else np.array(windows)
        picture, found = part(image, tf.constant(wanted, tf.int32))
        np.testing.assert_array_equal(found[:, 2:], wanted[:, 2:])
        for (top, left, rows, columns), (y, x, _, _) in zip(wanted, found.numpy()):
            expected = whole[top : top + rows, left : left + columns]
            np.testing.assert_array_equal(picture[y : y + rows, x : x + columns], expected)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_windows_are_cut_from_the_whole(tmp_path, suffix, mode):
    save(tmp_path / f"a.{suffix}", Image.fromarray(noise(16, 24)).convert(mode))
    assert_windows_are_those_of_decode(open_folder(tmp_path))


@pytest.mark.parametrize("subsampling", [0, 1, 2])  # 4:4:4, 4:2:2, 4:2:0
@pytest.mark.parametrize("orientation", range(1, 9))
def test_windows_are_cut_from_the_upright_picture(tmp_path, orientation, subsampling):
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(noise(16, 24))
    save(tmp_path / "a.jpg", picture, exif=exif, subsampling=subsampling)
    assert_windows_are_those_of_decode(open_folder(tmp_path))


@pytest.mark.parametrize(("height", "width"), [(70, 90), (120, 64)])
def test_of_an_upright_jpeg_only_the_rectangle_around_the_windows_is_decoded(
    tmp_path, height, width
):
    save(tmp_path / "a.jpg", Image.fromarray(noise(height, width)))
    source = open_folder(tmp_path)
    image = next(iter(source.records("train")))["image"]
    shapes = []

    def windows(shape):
        shapes.append(shape)
        return tf.constant([[17, 22, 9, 30], [30, 20, 11, 5]])

    picture, _ = source.decode_windows(image, windows)
    np.testing.assert_array_equal(shapes, [[height, width, 3]])  # of all of the picture
    # Rows 17 to 41 and columns 20 to 52, and what the upsampling of colours needs around them.
    assert 24 <= picture.shape[0] <= 32 and 32 <= picture.shape[1] <= 40


def test_content_counts_not_the_suffix(tmp_path):
    save(tmp_path / "a.jpg", MAKE["RGB"](), format="WEBP", lossless=True)
    np.testing.assert_array_equal(decoded(open_folder(tmp_path)), noise())


def test_flat_folder_is_unlabelled(tmp_path):
    for name in ("a.png", "b.jpg"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert (source.num_classes, source.class_names, source.has_identity) == (0, (), False)
    assert source.splits == {"train": 2}
    assert labels(source) == {"a.png": -1, "b.jpg": -1}


@pytest.mark.parametrize("names", [("a.png", "cat/b.png"), ("x/y/a.png", "x/b.png")])
def test_nested_folder_is_unlabelled(tmp_path, names):
    for name in names:
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert source.num_classes == 0
    assert set(labels(source).values()) == {-1}
    assert source.num_examples("train") == len(names)


def test_class_folders_are_labels_in_sorted_order(tmp_path):
    for name in ("dog/a.png", "cat/b.png", "cat/deep/c.png", "train/d.png"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert source.class_names == ("cat", "dog", "train")
    assert source.num_classes == 3
    assert labels(source) == {"a.png": 1, "b.png": 0, "c.png": 0, "d.png": 2}


def test_a_picture_beside_class_folders_is_named_and_has_no_label(tmp_path):
    for name in ("sheet.png", "cat/b.png", "dog/c.png"):
        save(tmp_path / name)
    lines = []
    source = open_folder(tmp_path, report=lines.append)
    assert lines == [
        "image_folder: no label for 1 of 3 pictures in 'train', next to the class folders:"
        " sheet.png"
    ]
    assert source.class_names == ("cat", "dog")
    assert labels(source) == {"sheet.png": -1, "b.png": 0, "c.png": 1}
    assert (source.num_examples("train"), source.num_labelled("train")) == (3, 2)
    assert source.num_labelled("train[:2]") == sum(
        record["label"] >= 0 for record in source.records("train[:2]").as_numpy_iterator()
    )


@pytest.mark.parametrize("folder", ["valid", "Dev"])
def test_a_split_answers_to_all_of_its_names(tmp_path, folder):
    for name in ("Training/cat/a.png", "Training/dog/b.png", f"{folder}/cat/c.png"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert source.splits == {"train": 2, "validation": 1}
    assert labels(source, "Val[:1]") == {"c.png": 0}
    for name in ("val", "valid", "dev", "validation", "Valid", "DEV", "dev[:50%]+val[50%:]"):
        assert source.num_examples(name) == source.num_labelled(name) == 1
    for name in ("train", "Training", "train[:1]+TRAINING[1:]"):
        assert source.num_examples(name) == 2
    with pytest.raises(ValueError, match=r"one of .*validation \(1 examples\).*split=testing"):
        source.num_examples("testing")


OTHER_NAMES = {
    **{"a.jfif": "JPEG", "b.jpe": "JPEG", "c.JPG": "TIFF", "d.tif": "TIFF", "e.pgm": "PPM"},
    **{"f": "JPEG", "g.dat": "PNG", "h.download": "WEBP", "i": "TIFF"},
}


def test_pictures_of_other_names_are_read(tmp_path):
    for seed, (name, kind) in enumerate(OTHER_NAMES.items()):
        with open(tmp_path / name, "wb") as file:
            Image.fromarray(noise(seed=seed)).save(file, kind)
    source = open_folder(tmp_path)
    shown = source.records("train", names=True).map(
        lambda record: (record["name"], source.decode(record["image"]))
    )
    found = {name.decode(): pixels for name, pixels in shown.as_numpy_iterator()}
    assert found.keys() == OTHER_NAMES.keys()
    for name, pixels in found.items():
        with Image.open(tmp_path / name) as picture:
            np.testing.assert_array_equal(pixels, picture.convert("RGB"))


def test_what_is_no_picture_is_counted_and_named(tmp_path):
    for name in ("cat/a.png", "dog/b.png"):
        save(tmp_path / name)
    for name in ("cat/a.heic", "cat/b.HEIC", "notes.txt", "more.zip", "dog/empty"):
        (tmp_path / name).touch()
    os.mkfifo(tmp_path / "dog/pipe")
    lines = []
    source = open_folder(tmp_path, report=lines.append)
    assert source.class_names == ("cat", "dog")
    assert lines == [
        "image_folder: skipped files that are not pictures: 2 .heic (such as cat/a.heic),"
        " 2 without a suffix (such as dog/empty), 1 .zip (more.zip), 1 .txt (notes.txt)"
    ]


def test_a_folder_called_as_a_picture_is_a_class(tmp_path):
    for name in ("x.jpg/a.png", "y.png/b.png"):
        save(tmp_path / name)
    source = open_folder(tmp_path, report=None)  # Nothing is said of it.
    assert source.class_names == ("x.jpg", "y.png")


def test_a_pipe_called_as_a_picture_is_unreadable(tmp_path):
    save(tmp_path / "a.png")
    os.mkfifo(tmp_path / "b.png")
    lines = []
    open_folder(tmp_path, max_bad_fraction=0.5, report=lines.append)
    assert lines == ["image_folder: 1 of 2 pictures unreadable, skipped: b.png"]


def test_names_of_odd_characters_are_read_and_told_in_one_line(tmp_path):
    odd = [" a b.png", "日本.png", "x[1]*?.png", "back\\slash.png", "two\nlines.png", "-%41#~.png"]
    for name in odd:
        save(tmp_path / name)
    (tmp_path / "cut\nshort.png").touch()
    lines = []
    source = open_folder(tmp_path, max_bad_fraction=0.2, report=lines.append)
    assert sorted(labels(source)) == sorted(odd)
    assert len(list(source.records("train").map(lambda r: source.decode(r["image"])))) == len(odd)
    assert lines == ["image_folder: 1 of 7 pictures unreadable, skipped: 'cut\\nshort.png'"]


def test_formats_that_only_one_host_reads_are_refused_by_name_on_several(tmp_path):
    for name in ("a.png", "b.tif", "c.gif", "d.webp"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert len(paths(source)) == 4
    with pytest.raises(ValueError, match=r"several hosts .*with 1 of other formats: b\.tif\. Conv"):
        source.share("train", num_shards=2, shard_index=1)


def test_what_libjpeg_says_of_damaged_files_stays_off_the_terminal(tmp_path, capfd):
    save(tmp_path / "good.jpg")
    content = (tmp_path / "good.jpg").read_bytes()
    begin = content.index(b"\xff\xc0")  # A frame of 12 bits a sample.
    (tmp_path / "deep.jpg").write_bytes(content[: begin + 4] + b"\x0c" + content[begin + 5 :])
    (tmp_path / "flipped.jpg").write_bytes(content[:-20] + b"\xff\x01" * 10)
    open_folder(tmp_path, max_bad_fraction=0.7)
    assert "JPEG" not in capfd.readouterr().err


def test_split_folders_share_their_labels(tmp_path):
    for name in ("train/dog/a.png", "train/cat/b.png", "test/dog/c.png", "val/eel/d.png"):
        save(tmp_path / name)
    save(tmp_path / "val/cat/e.png")
    source = open_folder(tmp_path)
    assert source.class_names == ("cat", "dog", "eel")
    assert source.splits == {"test": 1, "train": 2, "validation": 2}
    assert labels(source) == {"a.png": 1, "b.png": 0}
    assert labels(source, "test") == {"c.png": 1}
    assert labels(source, "validation") == labels(source, "val") == {"d.png": 2, "e.png": 0}


def test_flat_split_stays_unlabelled_beside_a_labelled_one(tmp_path):
    for name in ("train/a.png", "test/cat/b.png", "test/dog/c.png", "validation/images/d.png"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert source.class_names == ("cat", "dog")
    assert labels(source) == {"a.png": -1}
    assert labels(source, "test") == {"b.png": 0, "c.png": 1}
    assert labels(source, "validation") == {"d.png": -1}


def test_splits_beside_classes_are_refused(tmp_path):
    for name in ("train/a.png", "test/b.png", "cats/c.png", "d.png"):
        save(tmp_path / name)
    with pytest.raises(ValueError, match=r"either splits .* splits test, train next to cats, pict"):
        open_folder(tmp_path)


def test_hidden_files_are_skipped_and_links_followed(tmp_path):
    save(tmp_path / "else/where.png")
    folder = tmp_path / "folder"
    for name in (".hidden.png", "__MACOSX/a.png", ".git/b.png", "real.png"):
        save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / "link").symlink_to(tmp_path / "else")
    (folder / "loop").symlink_to(folder)
    assert sorted(paths(open_folder(folder))) == [
        str(folder / "link/where.png"),
        str(folder / "real.png"),
    ]


def spoil(folder: pathlib.Path) -> list[str]:
    """Adds a file for every way to be unreadable; returns their names, sorted."""
    for suffix in ("jpg", "png", "gif", "bmp", "webp"):
        save(folder / f"whole.{suffix}", Image.fromarray(noise(64, 64)))
        content = (folder / f"whole.{suffix}").read_bytes()
        (folder / f"cut.{suffix}").write_bytes(content[: len(content) * 2 // 3])
        (folder / f"whole.{suffix}").unlink()
    (folder / "text.jpg").write_text("I am no picture.")
    (folder / "zero.png").touch()
    (folder / "head.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "broken.gif").symlink_to(folder / "nowhere")
    return sorted(path.name for path in folder.iterdir())


def test_unreadable_files_are_named_counted_and_passed_over(tmp_path):
    bad = spoil(tmp_path)
    for index in range(3):
        save(tmp_path / f"good{index}.jpg")
    lines = []
    source = open_folder(tmp_path, max_bad_fraction=0.8, report=lines.append)
    assert lines == [f"image_folder: 9 of 12 pictures unreadable, skipped: {', '.join(bad)}"]
    assert sorted(pathlib.Path(path).name for path in paths(source)) == [
        "good0.jpg", "good1.jpg", "good2.jpg",
    ]  # fmt: skip
    assert len(list(source.records("train").map(lambda r: source.decode(r["image"])))) == 3


def test_as_many_as_are_allowed_may_be_unreadable(tmp_path):
    save(tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_bytes(b"")
    assert open_folder(tmp_path, max_bad_fraction=0.5).num_examples("train") == 1
    with pytest.raises(ValueError, match="1 of 2 unreadable"):
        open_folder(tmp_path, max_bad_fraction=0.49)


def test_too_many_unreadable_files_stop(tmp_path):
    bad = spoil(tmp_path)
    save(tmp_path / "good.jpg")
    with pytest.raises(ValueError, match=r"max_bad_images=0.01, 9 of 10 unreadable") as caught:
        open_folder(tmp_path)
    assert all(name in str(caught.value) for name in bad)
    assert str(caught.value).endswith("or leave them out by --max_bad_images=0.9.")
    (tmp_path / "good.jpg").unlink()
    with pytest.raises(ValueError, match="9 of 9 unreadable"):
        open_folder(tmp_path, max_bad_fraction=1.0)


def test_only_the_first_unreadable_files_are_named(tmp_path):
    for index in range(23):
        (tmp_path / f"{index:02}.png").touch()
    with pytest.raises(ValueError, match=r"18.png, 19.png and 3 more\."):
        open_folder(tmp_path)


@pytest.fixture
def eleven(tmp_path) -> Source:
    for index in range(11):
        save(tmp_path / f"{index}.png")
    return open_folder(tmp_path)


@pytest.mark.parametrize("num_shards", [1, 2, 3, 11])
def test_shards_are_disjoint_and_cover(eleven, num_shards):
    shards = []
    for index in range(num_shards):
        share = eleven.share("train", num_shards=num_shards, shard_index=index)
        records = share.shuffled(seed=0, start=0, window=1).map(share.parse)
        shards.append(listed(records.take(share.size)))
    assert sorted(itertools.chain(*shards)) == sorted(paths(eleven))
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    spec = records.element_spec
    assert spec == {"image": tf.TensorSpec([], tf.string), "label": tf.TensorSpec([], tf.int64)}


@pytest.mark.parametrize("shard_index", [-1, 2])
def test_shard_outside_its_range_is_refused(eleven, shard_index):
    with pytest.raises(ValueError, match=f"shard_index={shard_index}, num_shards=2"):
        eleven.share("train", num_shards=2, shard_index=shard_index)


def test_order_is_fixed_and_mixed_and_does_not_depend_on_the_place(eleven, tmp_path):
    order = [pathlib.Path(path).name for path in paths(eleven)]
    assert order != sorted(order)
    for index in range(11):
        save(tmp_path / "moved" / f"{index}.png")
    moved = paths(open_folder(tmp_path / "moved"))
    assert [pathlib.Path(path).name for path in moved] == order


@pytest.mark.parametrize("percent", [5, 25, 50, 80, 95])
def test_percent_slices_meet(eleven, percent):
    first, second = paths(eleven, f"train[:{percent}%]"), paths(eleven, f"train[{percent}%:]")
    assert first + second == paths(eleven)


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("[3:7]", slice(3, 7)),
        ("[:-2]", slice(-2)),
        ("[-4:]", slice(-4, None)),
        # TFDS rounds percent of 11 to the closest: 20 % is 2, 50 % is 6 (half to even).
        ("[20%:50%]", slice(2, 6)),
        ("[-20%:]", slice(-2, None)),
        ("[5:]", slice(5, None)),
        ("[:99]", slice(99)),
    ],
)
def test_slices_are_those_of_the_order(eleven, part, expected):
    assert paths(eleven, f"train{part}") == paths(eleven)[expected]
    assert eleven.num_examples(f"train{part}") == len(paths(eleven)[expected])


def test_splits_add(eleven):
    assert paths(eleven, "train[:2]+train[9:]") == paths(eleven)[:2] + paths(eleven)[9:]


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("test", r"must be one of train \(11 examples\), .* Received: split=test"),
        ("train[:50%", r"with or without a slice.* Received: split=train\[:50%"),
        (
            "train[5:5]",
            r"at least one example. Received: split=train\[5:5\], of which train has 11",
        ),
    ],
)
def test_bad_splits_are_refused(eleven, split, message):
    for use in (eleven.num_examples, eleven.records):
        with pytest.raises(ValueError, match=message):
            use(split)


def test_folder_must_be_given():
    with pytest.raises(ValueError, match=r"the folder of pictures when .* Received: data_dir=None"):
        open_source("image_folder", data_dir=None)


def test_folder_must_exist(tmp_path):
    with pytest.raises(ValueError, match=r"must be a folder that exists. Received: .*/missing"):
        open_folder(tmp_path / "missing")
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="must be a folder that exists.*a.png, a file. Unpack it"):
        open_folder(tmp_path / "a.png")


def test_folder_must_hold_pictures(tmp_path):
    (tmp_path / "notes.txt").write_text("no picture")
    told = r"must hold pictures, .*\.webp\. Received: .* has none, but 1 \.txt \(notes\.txt\)\. Unp"
    with pytest.raises(ValueError, match=told):
        open_folder(tmp_path)


def test_file_names_must_be_utf8(tmp_path):
    try:
        (tmp_path / b"\xff.png".decode(errors="surrogateescape")).touch()
    except OSError:
        pytest.skip("this file system takes only UTF-8 names")
    with pytest.raises(
        ValueError, match=r"whose file names are UTF-8. Received: .*in b'.xff\.png'"
    ):
        open_folder(tmp_path)


def test_iterator_can_be_checkpointed(eleven, tmp_path):
    save(tmp_path / "pictures/a.gif")
    save(tmp_path / "pictures/b.png")
    source = open_folder(tmp_path / "pictures")
    iterator = iter(source.records("train").map(lambda record: source.decode(record["image"])))
    checkpoint = tf.train.Checkpoint(iterator=iterator)
    next(iterator)
    path = checkpoint.save(tmp_path / "checkpoint")
    second = next(iterator).numpy()
    checkpoint.restore(path)
    np.testing.assert_array_equal(next(iterator), second)


def operations(source: Source) -> set[str]:
    """Kinds of the operations by which a pipeline decodes a source's pictures."""

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def decode(image):
        windows = tf.constant([[0, 0, 1, 1]])
        return source.decode(image), source.decode_windows(image, lambda shape: windows)

    graph = decode.get_concrete_function().graph.as_graph_def()
    inner = [node for function in graph.library.function for node in function.node_def]
    return {node.op for node in [*graph.node, *inner]}


def test_jpeg_and_png_are_decoded_without_python_which_other_hosts_do_not_run(tmp_path):
    for name in ("a.png", "b.jpg"):
        save(tmp_path / name)
    source = open_folder(tmp_path)
    assert not {op for op in operations(source) if "Py" in op}
    source.require_no_python()
    save(tmp_path / "c.gif")
    save(tmp_path / "d.tif")
    source = open_folder(tmp_path)
    assert {op for op in operations(source) if "Py" in op}
    told = r"JPEG and PNG pictures if other hosts .* with 2 of other formats: c\.gif, d\.tif\. C"
    with pytest.raises(ValueError, match=told):
        source.require_no_python()
