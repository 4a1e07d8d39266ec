"""Shares of real sources: a folder, and TFDS files of which a split has several."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from tf_simclr.data.augment.copies import Copies
from tf_simclr.data.cut_share import Cuts, cut_share
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


def by_place(source, split):
    """(number, label) at each place of a split."""
    share = source.share_at(split, np.arange(source.num_examples(split)))
    records = share.shuffled(seed=0, start=0, window=8).take(share.size)
    pairs = records.map(lambda place, *rest: (place, pixel_and_label(source, share, place, *rest)))
    return dict((int(place), tuple(map(int, of))) for place, of in pairs.as_numpy_iterator())


def pixel_and_label(source, share, *element):
    record = share.parse(*element)
    return source.decode(record["image"])[0, 0, 0], record["label"]


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
    chosen = list(pictures)[-1::-3]
    places = source.places(split, chosen)
    found = epoch(source, source.share_at(split, np.sort(places)))
    assert sorted(found) == sorted(pictures[name] for name in chosen)
    at = by_place(source, split)
    assert [at[place] for place in places] == [pictures[name] for name in chosen]  # In their order.


@pytest.mark.parametrize("name", ["nothing", "nothing__3", "a/99.png", ""])
def test_pictures_that_are_not_there_have_no_place(source, name):
    pictures = list(by_name(source, "train"))
    others = [other for other in by_name(source, "test") if other not in pictures]
    places = source.places("train[:50%]", [pictures[0], name, pictures[1], others[0]])
    assert (places == -1).tolist() == [False, True, False, True]
    few = keep_labels(source, "train", pictures[::7], drop=True)
    found = few.places("train", [pictures[7], name, pictures[1], pictures[0]])
    assert (found == -1).tolist() == [False, True, True, False]
    assert {found[0], found[3]} < set(range(6))


@pytest.mark.parametrize(
    ("places", "remembered"), [([3, 3, 3], True), ([0, 2, 2, 5, 30, 30, 39], False)]
)
def test_a_place_that_is_there_several_times_is_as_many_records(source, places, remembered):
    at, share = by_place(source, "train"), source.share_at("train", np.array(places))
    share = share.remembered() if remembered else share
    records = share.shuffled(seed=0, start=0, window=3).map(share.parse).take(2 * len(places))
    found, expected = shown(source, records), sorted(at[place] for place in places)
    assert sorted(found[: len(places)]) == sorted(found[len(places) :]) == expected


def cuts(count):
    """Squares of pictures in any order, some of the same picture."""
    random = np.random.default_rng(count)
    boxes = random.integers(0, 9, (count, 3))
    return Cuts(random.integers(0, TRAIN, count), boxes, Copies(2, (0.0,) * 3, ((0.0,) * 3,) * 3))


@pytest.mark.parametrize(("count", "num_shards", "remembered"), [(60, 1, False), (31, 3, True)])
def test_an_epoch_has_each_square_once_with_its_own_picture(source, count, num_shards, remembered):
    at, squares, together = by_place(source, "train"), cuts(count), []
    for index in range(num_shards):
        share = cut_share(source, "train", squares, num_shards=num_shards, shard_index=index)
        share = share.remembered() if remembered else share
        assert abs(share.size - count / num_shards) < 1
        records = share.shuffled(seed=4, start=0, window=5).map(share.parse).take(2 * share.size)
        records = records.map(lambda r: r | {"pixel": source.decode(r["image"])[0, 0, 0]})
        numbers = []
        for record in records.as_numpy_iterator():
            number = int(record["number"])
            numbers.append(number)
            np.testing.assert_array_equal(record["box"], squares.boxes[number])
            assert (record["pixel"], record["label"]) == at[squares.places[number]]
        first, second = numbers[: share.size], numbers[share.size :]
        assert sorted(first) == sorted(second) and first != second
        together += first
        # From any place on it is the same.
        later = share.shuffled(seed=4, start=7, window=5).map(share.parse).take(9)
        assert [int(record["number"]) for record in later.as_numpy_iterator()] == numbers[7:16]
    assert sorted(together) == list(range(count))


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
