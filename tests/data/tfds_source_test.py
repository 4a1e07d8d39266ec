"""open_source and TFDS: shards, slices, decoding, and one clear line for each mistake."""

import io
import itertools
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import png_files
import pytest
import requests
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image
from png_files import PALETTE, Kind
from tensorflow_datasets.core.download import downloader

from tf_simclr import methods
from tf_simclr.config import Config
from tf_simclr.data import emoji32
from tf_simclr.data.opening import open_source
from tf_simclr.data.source import Source, count_shared

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 4, 5, 4), np.uint8)


class PicturesBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Seven pictures for training, three for test, one file each; subclasses set the features."""

    VERSION = tfds.core.Version("1.0.0")
    CHANNELS: ClassVar[int] = 3
    FEATURES: ClassVar[dict[str, Any]] = {
        "label": tfds.features.ClassLabel(names=["cat", "dog"]),
        "number": tfds.features.Scalar(np.int64),
    }

    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Image(shape=(None, None, self.CHANNELS), encoding_format="png")
        features = tfds.features.FeaturesDict({"image": image, **self.FEATURES})
        return tfds.core.DatasetInfo(builder=self, features=features)

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(7), "test": self._generate_examples(3)}

    def _generate_examples(self, count: int) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(count):
            example = {"label": number % 3 - 1, "number": number}
            yield (
                number,
                {"image": IMAGES[number, ..., : self.CHANNELS]}
                | {name: example[name] for name in self.FEATURES},
            )


class LabelledPictures(PicturesBuilder):
    """One of three is unlabelled."""


class GrayPictures(PicturesBuilder):
    CHANNELS = 1
    FEATURES: ClassVar[dict[str, Any]] = {}


class SeeThroughPictures(PicturesBuilder):
    CHANNELS = 4
    FEATURES: ClassVar[dict[str, Any]] = {"label": tfds.features.Scalar(np.int64)}


class SoundsOnly(PicturesBuilder):
    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict(self.FEATURES)
        )


class DeepPictures(PicturesBuilder):
    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Image(shape=(2, 2, 1), dtype=np.uint16)
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"image": image})
        )


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("tfds"))


def open_tfds(name: str, data_dir: str, report=print) -> Source:
    return open_source(name, data_dir=data_dir, report=report)


@pytest.fixture(scope="module")
def labelled(data_dir) -> Source:
    return open_tfds("labelled_pictures", data_dir)


def read(source: Source, split: str = "train") -> list[int]:
    """Returns the number of each picture, found by its pixels."""
    return found(source, source.records(split))


def found(source: Source, records: tf.data.Dataset) -> list[int]:
    """The numbers of the pictures of some records."""
    dataset = records.map(lambda record: source.decode(record["image"]))
    assert dataset.element_spec == tf.TensorSpec([None, None, 3], tf.uint8)
    known = {image[..., :3].tobytes(): number for number, image in enumerate(IMAGES)}
    return [known[image.tobytes()] for image in dataset.as_numpy_iterator()]


def test_tfds_source_tells_what_the_data_set_is(labelled):
    assert (labelled.name, labelled.num_classes) == ("labelled_pictures", 2)
    assert labelled.class_names == ("cat", "dog")
    assert labelled.splits == {"train": 7, "test": 3}
    assert not labelled.has_identity


def test_records_are_undecoded_and_only_what_is_needed(labelled):
    spec = {"image": tf.TensorSpec([], tf.string), "label": tf.TensorSpec([], tf.int64)}
    assert labelled.records("train").element_spec == spec


def test_labels_belong_to_their_pictures(labelled):
    labels = [int(record["label"]) for record in labelled.records("train").as_numpy_iterator()]
    assert labels == [number % 3 - 1 for number in read(labelled)]


@pytest.mark.parametrize(
    ("split", "num_shards"),
    [
        *(("train", count) for count in (1, 3, 7)),
        ("train[:60%]", 3),
        ("train+test", 3),
    ],
)
def test_shards_are_disjoint_and_cover_though_there_is_one_file(labelled, split, num_shards):
    shares = [
        labelled.share(split, num_shards=num_shards, shard_index=index)
        for index in range(num_shards)
    ]
    shards = []
    for share in shares:
        records = share.shuffled(seed=0, start=0, window=2).take(share.size)
        shards += found(labelled, records.map(share.parse))
    assert sorted(shards) == sorted(read(labelled, split))
    assert len(read(labelled, split)) == labelled.num_examples(split)


def test_order_is_fixed(labelled):
    assert read(labelled) == read(labelled)


def test_slices_are_those_of_tfds(labelled):
    assert labelled.num_examples("train[:50%]") == 4
    assert read(labelled, "train[:50%]") + read(labelled, "train[50%:]") == read(labelled)


def test_ranges_tell_which_pictures_two_splits_share(labelled):
    def names(split):
        records = labelled.records(split, names=True)
        return {record["name"] for record in records.as_numpy_iterator()}

    splits = {split: names(split) for split in ("train", "train[1:3]", "train[50%:]+train[:1]")}
    for first, second in itertools.product(splits, splits):
        shared = count_shared(labelled.ranges(first), labelled.ranges(second))
        assert shared == len(splits[first] & splits[second]), (first, second)


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("dev", r"must be one of train \(7 examples\), test \(3 .* Received: split=dev"),
        ("train[:5", r"a slice such as train\[:80%\]. Received: split=train\[:5"),
        ("train[5:5]", r"at least one example. Received: split=train\[5:5\]"),
    ],
)
def test_bad_splits_are_refused(labelled, split, message):
    for use in (labelled.num_examples, labelled.records):
        with pytest.raises(ValueError, match=message):
            use(split)


def test_shard_outside_its_range_is_refused(labelled):
    with pytest.raises(ValueError, match="shard_index=3, num_shards=3"):
        labelled.share("train", num_shards=3, shard_index=3)


def test_gray_becomes_rgb_and_missing_labels_minus_one(data_dir):
    source = open_tfds("gray_pictures", data_dir)
    assert (source.num_classes, source.class_names) == (0, ())
    record = next(source.records("train").as_numpy_iterator())
    assert record["label"] == -1
    image = source.decode(tf.constant(record["image"])).numpy()
    assert image.shape == (4, 5, 3)
    assert any(np.array_equal(image, np.repeat(gray[..., :1], 3, axis=-1)) for gray in IMAGES)


def test_alpha_is_laid_on_white_and_a_label_without_classes_is_none(data_dir):
    source = open_tfds("see_through_pictures", data_dir)
    assert source.num_classes == 0
    image = source.decode(next(iter(source.records("train")))["image"]).numpy()
    alpha = IMAGES[..., 3:] / 255
    whole = IMAGES[..., :3] * alpha + 255 * (1 - alpha)
    assert np.abs(whole - image).max(axis=(1, 2, 3)).min() <= 0.5


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
def test_a_palette_in_pictures_of_four_channels_is_opaque(data_dir, depth):
    source = open_tfds("see_through_pictures", data_dir)
    content, shown = png_files.draw(Kind(PALETTE, depth), 5, 6)
    np.testing.assert_array_equal(source.decode(tf.constant(content)), shown)


def encoded(kind: str, mode: str, height: int, width: int, **options) -> tf.Tensor:
    """Noise, as bytes of a JPEG or PNG."""
    channels = {"L": 1, "RGB": 3, "RGBA": 4}[mode]
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, channels), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels.squeeze(), mode).save(buffer, kind, **options)
    return tf.constant(buffer.getvalue())


def windows_of_all_kinds(shape: tf.Tensor) -> list[tf.Tensor]:
    """Lists of windows: one, two that overlap or not, single pixels, and the whole picture."""
    height, width = int(shape[0]), int(shape[1])
    lists = [
        [[0, 0, height, width]],
        [[height - 1, width - 1, 1, 1]],
        [[3, 5, 1, 1], [17, 22, 1, 1]],
        [[0, 0, 7, 9], [height - 6, width - 4, 6, 4]],
    ]
    random = np.random.default_rng(width)
    for count in (1, 2, 2, 2, 3, 3):
        top, left = random.integers(0, [[height], [width]], (2, count))
        rows, columns = random.integers(1, [height - top + 1, width - left + 1])
        lists.append(np.stack([top, left, rows, columns], axis=1))
    return [tf.constant(windows, tf.int32) for windows in lists]


def in_a_graph(source: Source):
    """decode_windows of given windows, as Dataset.map runs it."""
    signature = [tf.TensorSpec([], tf.string), tf.TensorSpec([None, 4], tf.int32)]
    return tf.function(
        lambda image, wanted: source.decode_windows(image, lambda shape: wanted),
        input_signature=signature,
    )


def assert_windows_are_those_of_decode(source: Source, image: tf.Tensor) -> None:
    """Decoding a part gives, in each window, what decoding all and cutting gives."""
    whole, part = source.decode(image).numpy(), in_a_graph(source)
    for wanted in windows_of_all_kinds(whole.shape):
        picture, found = part(image, wanted)
        assert picture.dtype == tf.uint8
        assert found.shape == wanted.shape
        np.testing.assert_array_equal(found[:, 2:], wanted[:, 2:])
        for (top, left, rows, columns), (y, x, _, _) in zip(wanted.numpy(), found.numpy()):
            assert y >= 0 and x >= 0
            expected = whole[top : top + rows, left : left + columns]
            np.testing.assert_array_equal(picture[y : y + rows, x : x + columns], expected)


SUBSAMPLINGS = [0, 1, 2]  # Pillow's: 4:4:4, 4:2:2, 4:2:0


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", SUBSAMPLINGS)
@pytest.mark.parametrize(("height", "width"), [(40, 57), (83, 61)])
def test_windows_of_a_jpeg_are_cut_from_the_whole(
    labelled, height, width, subsampling, progressive
):
    options = {"subsampling": subsampling, "progressive": progressive}
    assert_windows_are_those_of_decode(labelled, encoded("JPEG", "RGB", height, width, **options))


@pytest.mark.parametrize(
    ("name", "kind", "mode"),
    [
        ("labelled_pictures", "PNG", "RGB"),
        ("labelled_pictures", "JPEG", "L"),
        ("gray_pictures", "PNG", "L"),
        ("gray_pictures", "JPEG", "L"),
        ("see_through_pictures", "PNG", "RGBA"),
    ],
)
@pytest.mark.parametrize(("height", "width"), [(40, 57), (83, 61)])
def test_windows_of_other_pictures_are_too(data_dir, name, kind, mode, height, width):
    source = open_tfds(name, data_dir)
    assert_windows_are_those_of_decode(source, encoded(kind, mode, height, width))


@pytest.mark.parametrize(("height", "width"), [(80, 97), (123, 81)])
def test_of_a_jpeg_only_the_rectangle_around_the_windows_is_decoded(labelled, height, width):
    wanted = tf.constant([[17, 22, 9, 30], [30, 20, 11, 5]])
    image = encoded("JPEG", "RGB", height, width)
    shapes = []

    def windows(shape):
        shapes.append(shape)
        return wanted

    picture, _ = labelled.decode_windows(image, windows)
    np.testing.assert_array_equal(shapes, [[height, width, 3]])  # of all of the picture
    # Rows 17 to 41 and columns 20 to 52, and what the upsampling of colours needs around them.
    assert 24 <= picture.shape[0] <= 32 and 32 <= picture.shape[1] <= 40


class FixedPictures(PicturesBuilder):
    """Declares one shape for all."""

    def _info(self) -> tfds.core.DatasetInfo:
        image = tfds.features.Image(shape=(4, 5, self.CHANNELS), encoding_format="png")
        features = tfds.features.FeaturesDict({"image": image, **self.FEATURES})
        return tfds.core.DatasetInfo(builder=self, features=features)


class FixedGrayPictures(FixedPictures):
    CHANNELS = 1


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("labelled_pictures", None),
        ("gray_pictures", None),
        ("fixed_pictures", (4, 5, 3)),
        ("fixed_gray_pictures", (4, 5, 3)),
    ],
)
def test_the_shape_of_all_pictures_is_known_where_it_is_declared(data_dir, name, shape):
    source = open_tfds(name, data_dir)
    assert source.picture_shape == shape
    image = source.decode(next(iter(source.records("train")))["image"])
    assert image.shape == (4, 5, 3)


def test_preparing_is_announced_once(tmp_path):
    lines = []
    for _ in range(2):
        open_tfds("labelled_pictures", str(tmp_path), lines.append)
    assert lines == [
        f"labelled_pictures: preparing it in {tmp_path}/labelled_pictures/1.0.0, "
        "for the first time only"
    ]


def test_another_process_may_prepare_it_first(tmp_path, monkeypatch):
    prepare = LabelledPictures.download_and_prepare

    def lose_the_race(self) -> None:
        prepare(LabelledPictures(data_dir=str(tmp_path)))
        raise OSError("Directory not empty")

    monkeypatch.setattr(LabelledPictures, "download_and_prepare", lose_the_race)
    assert open_tfds("labelled_pictures", str(tmp_path)).splits == {"train": 7, "test": 3}


def test_emoji32_has_identities(data_dir, monkeypatch):
    generate = emoji32.Emoji32._generate_examples
    monkeypatch.setattr(  # All of it takes seconds; its own tests do that.
        emoji32.Emoji32,
        "_generate_examples",
        lambda self, split: itertools.islice(generate(self, split), 9),
    )
    source = open_tfds("emoji32", data_dir)
    assert source.splits == {"train": 9, "test": 9}
    assert source.has_identity
    assert len(source.class_names) == source.num_classes > 0
    record = next(source.records("test").as_numpy_iterator())
    assert set(record) == {"image", "label", "identity", "group"}
    assert {record[key].dtype for key in ("label", "identity", "group")} == {np.dtype(np.int64)}
    assert source.decode(tf.constant(record["image"])).shape == (32, 32, 3)
    records = list(source.records("test").as_numpy_iterator())
    found = {(record["identity"], record["group"]) for record in records}
    drawn = [
        (n, v) for n, e in enumerate(emoji32.CATALOGUE) if e.split == "test" for v in e.vendors
    ]
    assert found == set(drawn[:9])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cifar1", r"Received: dataset=cifar1\. Did you mean cifar10 or .*\?$"),
        ("emoji", r"Did you mean .*emoji32"),
        ("imagefolder", r"Did you mean .*image_folder"),
        ("qqqqq", r"must be emoji32 \(bundled\), image_folder .* Received: dataset=qqqqq$"),
        ("two words", r"must be emoji32"),
        ("", r"must be emoji32"),
        ("nowhere:name", r"must be emoji32"),
        ("cifar10/pct", r"dataset=cifar10/pct; its configs: none; its version: 3"),
        ("imagenet2012_subset/2pct", r"its configs: 1pct, 10pct; its version: \d"),
        ("cifar10:9.9.9", r"config and a version that cifar10 has"),
    ],
)
def test_unknown_data_sets_are_refused_in_one_line(data_dir, name, message):
    with pytest.raises(ValueError, match=message) as caught:
        open_tfds(name, data_dir)
    assert str(caught.value).startswith("`dataset` must")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sounds_only", "feature `image`. Received: .* features are: label, number"),
        ("deep_pictures", r"1, 3 or 4 channels.* pictures are uint16 of shape \(2, 2, 1\)"),
    ],
)
def test_data_sets_without_pictures_are_refused(data_dir, name, message):
    with pytest.raises(ValueError, match=message):
        open_tfds(name, data_dir)


@pytest.mark.parametrize(
    "version", ["labelled_pictures:9.9.9", "labelled_pictures/config", "labelled_pictures:x"]
)
def test_a_version_that_is_missing_is_told_with_those_that_are_there(labelled, data_dir, version):
    with pytest.raises(ValueError, match=r"there are: labelled_pictures:1\.0\.0$") as caught:
        open_tfds(version, data_dir)
    assert str(caught.value).startswith("`dataset` must name a config and a version that are there")


@pytest.mark.parametrize("deeper", ["labelled_pictures", "labelled_pictures/1.0.0/"])
def test_a_folder_that_is_one_level_too_deep_is_told(labelled, data_dir, deeper):
    with pytest.raises(ValueError, match="`data_dir` must be the folder that TFDS keeps") as caught:
        open_tfds("labelled_pictures", f"{data_dir}/{deeper}")
    assert str(caught.value).endswith(f"Give --data_dir={data_dir}.")


def test_a_folder_that_is_called_like_the_data_may_hold_it(tmp_path):
    folder = tmp_path / "labelled_pictures"
    assert open_tfds("labelled_pictures", str(folder)).splits == {"train": 7, "test": 3}
    assert open_tfds("labelled_pictures", str(folder)).splits == {"train": 7, "test": 3}


def test_data_whose_labels_are_no_classes_say_what_they_are(data_dir):
    source = open_tfds("see_through_pictures", data_dir)
    assert source.num_classes == 0
    assert source.how_to_label.startswith(
        "Labels are a feature `label` that is a ClassLabel, and its features are: image (Image),"
        " label (Scalar)."
    )
    config = Config.from_flat({"train_mode": "supervised", "train_batch_size": 1})
    with pytest.raises(ValueError, match=r"has none\. Received: .* Labels are a feature `label`"):
        methods.method_of(config).check_data(config, source)


def test_data_dir_must_be_a_folder_that_can_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"`data_dir` must be .* written. Received: .*/file"):
        open_tfds("labelled_pictures", str(tmp_path / "file"))


def test_data_dir_must_be_a_folder_that_can_be_read(tmp_path, monkeypatch):
    def fail(self, data_dir: str) -> None:
        raise PermissionError(f"Permission denied: {data_dir}")

    monkeypatch.setattr(LabelledPictures, "__init__", fail)
    with pytest.raises(ValueError, match=r"`data_dir` must be .* read. Received: .* Permission de"):
        open_tfds("labelled_pictures", str(tmp_path))


@pytest.mark.parametrize(
    "error",
    [
        requests.exceptions.ConnectionError("Name not known\nand more"),
        ConnectionRefusedError("Name not known"),
    ],
)
def test_missing_network_is_told(tmp_path, monkeypatch, error):
    def fail(self) -> None:
        try:
            raise error
        except OSError as cause:
            raise RuntimeError("Name not known") from cause

    monkeypatch.setattr(LabelledPictures, "download_and_prepare", fail)
    with pytest.raises(ValueError, match=r"no network. Received: dataset=labelled_pictures") as got:
        open_tfds("labelled_pictures", str(tmp_path))
    assert "RuntimeError: Name not known" in str(got.value)
    assert "\n" not in str(got.value)


def test_what_cannot_be_reached_is_asked_for_in_seconds(tmp_path, monkeypatch):
    """urllib3 doubles 0.2 seconds before each try after the second: 0.4 + 0.8 = 1.2."""
    before, found = downloader.MAX_RETRIES, []

    def note(self) -> None:
        found.append(downloader.MAX_RETRIES)
        raise ConnectionRefusedError("Name not known")

    monkeypatch.setattr(LabelledPictures, "download_and_prepare", note)
    with pytest.raises(ValueError, match="no network"):
        open_tfds("labelled_pictures", str(tmp_path))
    [retries] = found
    assert retries > 1 and sum(0.2 * 2**n for n in range(1, retries)) < 2
    assert before == downloader.MAX_RETRIES


@pytest.mark.parametrize(("by_hand", "error"), [(None, AssertionError), ("how", RuntimeError)])
def test_other_failures_of_preparing_are_told(tmp_path, monkeypatch, by_hand, error):
    def fail(self) -> None:
        raise error("\nno checksum\nat all")

    monkeypatch.setattr(LabelledPictures, "MANUAL_DOWNLOAD_INSTRUCTIONS", by_hand)
    monkeypatch.setattr(LabelledPictures, "download_and_prepare", fail)
    told = rf"downloaded and prepared. Received: .*1\.0\.0\. {error.__name__}: no checksum$"
    with pytest.raises(ValueError, match=told):
        open_tfds("labelled_pictures", str(tmp_path))


def test_download_by_hand_is_told(tmp_path):
    told = (
        r"imagenet2012 must be downloaded by hand first, as http.* is empty. For your own .*ES\.$"
    )
    with pytest.raises(ValueError, match=told):
        open_tfds("imagenet2012", str(tmp_path))
