"""Shares of real sources: a folder, and TFDS files of which a split has several."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from tf_simclr.data.labelled_subset import keep_labels
from tf_simclr.data.opening import open_source

TRAIN, TEST, FILES = 40, 10, 4


class InSeveralFiles(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Pictures of one colour, their number; one of five has no label."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(2, 2, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["a", "b"]),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {
            "train": self._generate_examples(0, TRAIN),
            "test": self._generate_examples(TRAIN, TRAIN + TEST),
        }

    def _generate_examples(self, start, stop):
        for number in range(start, stop):
            picture = np.full((2, 2, 3), number, np.uint8)
            yield number, {"image": picture, "label": number % 2 if number % 5 else -1}


def in_files(folder, count):
    """A source whose splits have so many files each."""
    several = tfds.download.DownloadConfig(num_shards=count)
    InSeveralFiles(data_dir=folder).download_and_prepare(download_config=several)
    source = open_source("in_several_files", data_dir=folder)
    assert len(source.ranges("train")) == count
    return source


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return in_files(str(tmp_path_factory.mktemp("tfds")), FILES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("folder")
    for split, numbers in (("train", range(TRAIN)), ("test", range(TRAIN, TRAIN + TEST))):
        for name in ("a", "b"):
            (place / split / name).mkdir(parents=True)
        for number in numbers:
            picture = Image.fromarray(np.full((2, 2, 3), number, np.uint8))
            picture.save(place / split / "ab"[number % 2] / f"{number}.png")
    return open_source("image_folder", data_dir=str(place))


@pytest.fixture(params=["folder", "prepared"])
def source(request):
    return request.getfixturevalue(request.param)


def shown(source, records):
    """(number of the picture, label) of each record."""
    pairs = records.map(lambda record: (source.decode(record["image"])[0, 0, 0], record["label"]))
    return [(int(number), int(label)) for number, label in pairs.as_numpy_iterator()]


def by_name(source, split):
    """Name -> (number, label), in the order of the records."""
    records = source.records(split, names=True)
    names = records.map(lambda record: record["name"]).as_numpy_iterator()
    return dict(zip(map(bytes.decode, names), shown(source, records), strict=True))


def epoch(source, share):
    records = share.shuffled(seed=0, start=0, window=8).map(share.parse)
    assert set(records.element_spec) == {"image", "label"}
    return shown(source, records.take(share.size))


@pytest.mark.parametrize("split", ["train", "train[30%:]+test", "train[10:13]"])
@pytest.mark.parametrize("num_shards", [1, 3])
def test_shares_are_disjoint_and_cover_a_split(source, split, num_shards):
    shares = [
        source.share(split, num_shards=num_shards, shard_index=index) for index in range(num_shards)
    ]
    sizes = [share.size for share in shares]
    assert max(sizes) - min(sizes) <= 1
    together = [record for share in shares for record in epoch(source, share)]
    assert sorted(together) == sorted(shown(source, source.records(split)))
    assert len(set(together)) == source.num_examples(split)


def test_a_share_needs_a_picture_and_a_shard_that_is_there(source):
    with pytest.raises(ValueError, match=r"'train\[:2\]' with 2 pictures for 3 pipelines, of wh"):
        source.share("train[:2]", num_shards=3, shard_index=2)
    with pytest.raises(ValueError, match="shard_index=3, num_shards=3"):
        source.share("train", num_shards=3, shard_index=3)
    with pytest.raises(ValueError, match="Received: split=nowhere"):
        source.share("nowhere")


@pytest.mark.parametrize("split", ["train", "test+train[50%:]"])
def test_pictures_are_found_by_name_without_reading(source, split):
    pictures = by_name(source, split)
    chosen = list(pictures)[1::3]
    places = source.places(split, chosen)
    assert np.all(np.diff(places) > 0)
    found = epoch(source, source.share_at(split, places))
    assert sorted(found) == sorted(pictures[name] for name in chosen)


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_of_few_labels_an_epoch_is_what_the_records_are(source, drop):
    few = keep_labels(source, "train", list(by_name(source, "train"))[::7], drop=drop)
    shares = [few.share("train", num_shards=2, shard_index=index) for index in range(2)]
    found = [record for share in shares for record in epoch(few, share)]
    assert sorted(found) == sorted(shown(few, few.records("train")))
    assert len(found) == (6 if drop else TRAIN)
    assert epoch(few, few.share("test")) == epoch(source, source.share("test"))


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_of_few_labels_pictures_that_are_left_are_found(source, drop):
    pictures = by_name(source, "train")
    few = keep_labels(source, "train", list(pictures)[::7], drop=drop)
    names = list(pictures)[7:22:7]
    share = few.share_at("train", few.places("train", names))
    assert sorted(epoch(few, share)) == sorted(pictures[name] for name in names)


def test_of_few_labels_no_other_file_is_read(prepared):
    ((path, start, stop),) = [r for r in prepared.ranges("train") if "-00001-of-" in r[0]]
    names = [name for name in by_name(prepared, "train") if "-00001-of-" in name]
    assert len(names) == stop - start
    share = keep_labels(prepared, "train", names[2:5], drop=True).share("train")
    assert share.files.numpy().tolist() == [path.encode()]
    assert share.rows.to_list() == [[start + 2, start + 3, start + 4]]


def test_of_few_records_what_is_read_between_them_counts(prepared):
    every = prepared.share_at("train", np.arange(TRAIN)).record_bytes
    assert every == prepared.builder.info.dataset_size / (TRAIN + TEST)
    few = prepared.share_at("train", np.array([0, 20, TRAIN - 1])).record_bytes
    assert few == pytest.approx(every * TRAIN / 3)


def test_what_is_remembered_needs_no_file(tmp_path):
    source = in_files(str(tmp_path), 2)
    share = source.share("train").remembered()
    records = iter(share.shuffled(seed=0, start=0, window=8).map(share.parse))
    before = [next(records)["label"].numpy() for _ in range(3 * TRAIN)]
    for path, _, _ in source.ranges("train"):
        tf.io.gfile.remove(path)
    after = [next(records)["label"].numpy() for _ in range(3 * TRAIN)]
    assert sorted(before) == sorted(after)
