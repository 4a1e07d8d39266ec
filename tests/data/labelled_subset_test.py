"""A source of few labels: the chosen pictures, in order, over shards; all else is as it was."""

import collections
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds
from PIL import Image

from tf_simclr.data import pipeline
from tf_simclr.data.augment.policies import FinetuneView
from tf_simclr.data.few_labels import choose_listed, draw_fraction, draw_per_class
from tf_simclr.data.labelled_subset import keep_labels, labelled_pictures
from tf_simclr.data.opening import open_source

CONTEXT = tf.distribute.InputContext


class FilesOfTfds(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Forty pictures for training, one of five unlabelled, and ten for test; with file names."""

    VERSION = tfds.core.Version("1.0.0")
    FEATURE: ClassVar[str]

    def _info(self) -> tfds.core.DatasetInfo:
        features: dict[str, Any] = {
            "image": tfds.features.Image(shape=(4, 4, 3), encoding_format="png"),
            "label": tfds.features.ClassLabel(names=["n01", "n02", "n03"]),
            self.FEATURE: tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples(40), "test": self._generate_examples(10)}

    def _generate_examples(self, count: int):
        for number in range(count):
            label = number % 3 if number % 5 else -1
            picture = np.full((4, 4, 3), number, np.uint8)
            name = f"n0{number % 3 + 1}_{number}.JPEG"
            yield number, {"image": picture, "label": label, self.FEATURE: name}


class NamedAsImagenet(FilesOfTfds):
    FEATURE = "file_name"


class NamedAsOthers(FilesOfTfds):
    FEATURE = "filename"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures of three classes, 5 of each for training and 2 for test, of sizes that differ."""
    place = tmp_path_factory.mktemp("few")
    for split, count in (("train", 5), ("test", 2)):
        for side, name in enumerate(("ant", "bee", "cat"), start=4):
            (place / split / name).mkdir(parents=True)
            for number in range(count):
                pixels = np.full((side, side + 3, 3), 10 * number + side, np.uint8)
                Image.fromarray(pixels).save(place / split / name / f"{number}.png")
    return open_source("image_folder", data_dir=str(place))


@pytest.fixture(scope="module")
def emoji(emoji_dir):
    return open_source("emoji32", data_dir=emoji_dir)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    return open_source("named_as_imagenet", data_dir=str(tmp_path_factory.mktemp("tfds")))


@pytest.fixture(params=["folder", "prepared"])
def whole(request):
    """A source of all labels: of a folder, and of TFDS."""
    return request.getfixturevalue(request.param)


def records(source, split="train"):
    return list(source.records(split, names=True).as_numpy_iterator())


def names(source, split="train"):
    return [record["name"].decode() for record in records(source, split)]


def subset(source, split="train", count=2, *, drop):
    chosen = draw_per_class(labelled_pictures(source, split), count, seed=1)
    return keep_labels(source, split, chosen, drop=drop)


def test_pictures_are_read_by_class(folder):
    found = labelled_pictures(folder, "train")
    assert list(found) == ["ant", "bee", "cat"]
    for name, pictures in found.items():
        assert sorted(pictures) == [f"train/{name}/{number}.png" for number in range(5)]


@pytest.mark.parametrize("split", ["train", "train[:50%]"])
def test_every_labelled_picture_of_the_split_is_found(whole, split):
    found = labelled_pictures(whole, split)
    label_of = {record["name"].decode(): record["label"] for record in records(whole, split)}
    assert sum(map(len, found.values())) == sum(label >= 0 for label in label_of.values())
    for name, pictures in found.items():
        assert {whole.class_names[label_of[picture]] for picture in pictures} == {name}


def test_the_others_are_left_out_and_the_order_is_kept(whole):
    few = subset(whole, drop=True)
    chosen = set(few.labelled)
    kept = [record for record in records(whole) if record["name"].decode() in chosen]
    assert len(kept) == few.num_examples("train") == 2 * whole.num_classes
    assert collections.Counter(record["label"] for record in kept) == dict.fromkeys(
        range(whole.num_classes), 2
    )
    assert records(few) == kept


def test_the_others_stay_without_a_label_and_the_order_is_kept(whole):
    few = subset(whole, drop=False)
    expected = [
        record | {"label": record["label"] if record["name"].decode() in few.labelled else -1}
        for record in records(whole)
    ]
    assert few.num_examples("train") == whole.num_examples("train") == len(expected)
    assert records(few) == expected
    assert sum(record["label"] >= 0 for record in expected) == 2 * whole.num_classes


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_records_know_their_number(whole, drop):
    few = subset(whole, drop=drop)
    assert int(few.records("train").cardinality()) == few.num_examples("train")


def test_more_shards_than_pictures_are_refused(folder):
    few = subset(folder, count=1, drop=True)
    sizes = [few.share("train", num_shards=3, shard_index=index).size for index in range(3)]
    assert sizes == [1, 1, 1]
    with pytest.raises(ValueError, match="'train' with 3 pictures for 4 pipelines, of which numb"):
        few.share("train", num_shards=4, shard_index=3)


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_records_are_as_the_source_has_them(whole, drop):
    few = subset(whole, drop=drop)
    for wanted in (True, False):
        ours, theirs = few.records("train", names=wanted), whole.records("train", names=wanted)
        assert ours.element_spec == theirs.element_spec


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_other_splits_are_untouched(whole, drop):
    few = subset(whole, drop=drop)
    for split in ("test", "train[:20%]", "train+test"):
        assert few.num_examples(split) == whole.num_examples(split)
        assert records(few, split) == records(whole, split)


@pytest.mark.parametrize("drop", [True, False], ids=["dropped", "kept"])
def test_a_slice_alone_may_have_few_labels(whole, drop):
    few = subset(whole, "train[:60%]", 1, drop=drop)
    part = names(whole, "train[:60%]")
    assert set(few.labelled) < set(part)
    count = whole.num_classes if drop else len(part)
    assert few.num_examples("train[:60%]") == len(names(few, "train[:60%]")) == count
    assert few.splits == whole.splits
    assert records(few, "train") == records(whole, "train")


def test_splits_count_what_is_left(whole):
    assert subset(whole, drop=True).splits == {**whole.splits, "train": 2 * whole.num_classes}
    assert subset(whole, drop=False).splits == whole.splits


def test_unknown_splits_are_refused(folder):
    few = subset(folder, drop=True)
    for use in (few.num_examples, few.records, lambda split: labelled_pictures(folder, split)):
        with pytest.raises(ValueError, match="Received: split=nowhere"):
            use("nowhere")


def test_all_else_is_delegated(whole):
    few = subset(whole, drop=True)
    for name in ("name", "num_classes", "class_names", "has_identity", "licence", "picture_shape"):
        assert getattr(few, name) == getattr(whole, name)
    image = next(iter(few.records("train")))["image"]
    np.testing.assert_array_equal(few.decode(image), whole.decode(image))

    def windows(shape):
        return tf.stack([[0, 0, 2, 2], [0, 0, shape[0], shape[1]]])

    for ours, theirs in zip(
        few.decode_windows(image, windows), whole.decode_windows(image, windows)
    ):
        np.testing.assert_array_equal(ours, theirs)


def one_hots(source, pipelines, steps, cache):
    """One-hot rows [n, classes] of `steps` batches, over all input pipelines."""
    stream = pipeline.Stream(source, "train", 6, 8, seed=0, cache=cache)
    rows = []
    for index in range(pipelines):
        context = CONTEXT(pipelines, index, num_replicas_in_sync=pipelines)
        batches = pipeline.finetune_batches(stream, FinetuneView(8), source.num_classes, context)
        rows += [one_hot.numpy() for _, one_hot in batches.take(steps)]
    return np.concatenate(rows)


@pytest.mark.parametrize("cache", [False, True])
@pytest.mark.parametrize("pipelines", [1, 2])
def test_an_epoch_shows_each_chosen_picture_once(folder, pipelines, cache):
    # 6 pictures a step: an epoch is one step of the chosen six.
    rows = one_hots(subset(folder, drop=True), pipelines, 4, cache)
    np.testing.assert_array_equal(rows.sum(axis=0), [8, 8, 8])  # 4 epochs of 2 of each


def test_pictures_without_a_label_have_a_row_of_zeros(folder):
    # Two epochs of 15 pictures, in which each chosen one comes twice.
    rows = one_hots(subset(folder, drop=False), 1, 5, False)
    np.testing.assert_array_equal(rows.sum(axis=0), [4, 4, 4])
    assert (rows.sum(axis=1) == 0).sum() == 30 - 12


def test_the_subset_outlives_its_source(folder):
    few = subset(folder, drop=True).records("train")
    assert len(list(few.repeat(2))) == 12


@pytest.mark.parametrize("name", ["named_as_imagenet", "named_as_others"])
def test_a_list_of_file_names_chooses_from_tfds(tmp_path, name):
    source = open_source(name, data_dir=str(tmp_path))
    (tmp_path / "list.txt").write_text("n02_4.JPEG\nn03_38.JPEG\nn01_3.JPEG\nn02_1.JPEG\n")
    chosen = choose_listed(labelled_pictures(source, "train"), str(tmp_path / "list.txt"))
    few = keep_labels(source, "train", chosen, drop=True)
    shown = {
        (int(source.decode(record["image"])[0, 0, 0]), int(record["label"]))
        for record in few.records("train")
    }
    assert shown == {(4, 1), (38, 2), (3, 0), (1, 1)}
    assert set(few.records("train").element_spec) == {"image", "label"}
    # The names that a run writes down are a list, too.
    (tmp_path / "labels.txt").write_text("\n".join(few.labelled))
    pictures = labelled_pictures(source, "train")
    assert choose_listed(pictures, str(tmp_path / "labels.txt")) == chosen


def test_ten_percent_of_emoji32(emoji):
    pictures = labelled_pictures(emoji, "train")
    chosen = draw_fraction(pictures, 0.1, seed=0)
    few = keep_labels(emoji, "train", chosen, drop=True)
    count = sum(int(len(of) / 10 + 0.5) for of in pictures.values())
    assert len(pictures) == emoji.num_classes
    assert few.num_examples("train") == count
    found = records(few)
    assert {record["name"].decode() for record in found} == chosen
    assert len(found) == count
    assert {"identity", "group"} < set(found[0])
