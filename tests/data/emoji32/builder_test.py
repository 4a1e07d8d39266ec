"""The bundled data set, built by TFDS and read back."""

import collections
import contextlib
import io
import pathlib

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tf_simclr.data import emoji32
from tf_simclr.data.emoji32.catalogue import FOLDER

SPLITS = ("train", "test")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[emoji32.Emoji32, str]:
    """The builder, and what it printed."""
    builder, said = emoji32.Emoji32(data_dir=tmp_path_factory.mktemp("tfds")), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        builder.download_and_prepare()
    return builder, said.getvalue()


@pytest.fixture(scope="module")
def builder(prepared: tuple[emoji32.Emoji32, str]) -> emoji32.Emoji32:
    return prepared[0]


def test_preparing_prints_nothing(prepared):
    """TFDS would talk of a download, and draw bars of 150 columns."""
    assert prepared[1] == ""


@pytest.fixture(scope="module")
def examples(builder: emoji32.Emoji32) -> dict[str, list[dict[str, np.ndarray]]]:
    return {split: list(tfds.as_numpy(builder.as_dataset(split=split))) for split in SPLITS}


def test_has_the_features_and_counts_of_the_readme(builder, examples):
    readme = (FOLDER / "README.md").read_text()
    for split in SPLITS:
        assert builder.info.splits[split].num_examples == len(examples[split])
        assert f"| {split} | {len(examples[split])} |" in readme
    assert builder.name == "emoji32"
    assert str(builder.version) == "1.0.0"
    assert builder.info.features["image"].shape == (32, 32, 3)
    assert builder.info.features["image"].dtype == np.uint8
    assert builder.info.features["label"].names == list(emoji32.CLASS_NAMES)
    assert builder.info.features["vendor"].names == list(emoji32.VENDORS)
    assert builder.info.features["emoji"].dtype == np.int64


def test_pictures_come_back_as_they_are_bundled(examples):
    images = emoji32.load_images()
    place = {}
    for number, emoji in enumerate(emoji32.CATALOGUE):
        for vendor in emoji.vendors:
            place[number, vendor] = len(place)
    seen = 0
    for split in SPLITS:
        for example in examples[split]:
            number, vendor = int(example["emoji"]), int(example["vendor"])
            np.testing.assert_array_equal(example["image"], images[place[number, vendor]])
            assert example["label"] == emoji32.CATALOGUE[number].label
            assert emoji32.CATALOGUE[number].split == split
            seen += 1
    assert seen == len(images) == len(place)


def test_no_emoji_and_no_variant_of_one_is_in_both_splits(examples):
    numbers = {split: {int(one["emoji"]) for one in examples[split]} for split in SPLITS}
    groups = {split: {emoji32.CATALOGUE[one].group for one in numbers[split]} for split in SPLITS}
    assert not numbers["train"] & numbers["test"]
    assert not groups["train"] & groups["test"]
    assert numbers["train"] | numbers["test"] == set(range(len(emoji32.CATALOGUE)))


def test_each_emoji_is_drawn_once_by_each_of_two_or_more_vendors(examples):
    for split in SPLITS:
        drawn = collections.Counter(
            (int(one["emoji"]), int(one["vendor"])) for one in examples[split]
        )
        assert set(drawn.values()) == {1}
        vendors = collections.Counter(number for number, _ in drawn)
        assert min(vendors.values()) >= 2


def test_about_a_quarter_of_each_class_is_for_test():
    per_class = collections.Counter(emoji.label for emoji in emoji32.CATALOGUE)
    tested = collections.Counter(
        emoji.label for emoji in emoji32.CATALOGUE if emoji.split == "test"
    )
    assert set(per_class) == {emoji32.UNLABELLED, *range(len(emoji32.CLASS_NAMES))}
    for label, count in per_class.items():
        assert count >= 19
        assert 0.2 <= tested[label] / count <= 0.28, label


def test_identities_are_unique():
    points = [emoji.codepoints for emoji in emoji32.CATALOGUE]
    assert len(set(points)) == len(points)
    assert len(set(emoji32.IDENTITIES)) == len(points) == len(emoji32.IDENTITIES)
    assert emoji32.IDENTITIES[points.index("1F600")] == "grinning face"


def test_background_is_white():
    # A square sign has coloured corners; nearly everything else has none.
    images = emoji32.load_images()
    corners = images[:, [0, 0, -1, -1], [0, -1, 0, -1]].min(axis=(1, 2))
    assert (corners == 255).mean() > 0.85
    assert images.mean() > 170


@pytest.mark.parametrize("name", ["LICENSE-Apache-2.0", "LICENSE-CC-BY-4.0", "LICENSE-MIT"])
def test_licences_lie_beside_the_pictures(name):
    assert (FOLDER / name).stat().st_size > 500
    assert name in (FOLDER / "README.md").read_text()


def test_attribution_names_the_owners():
    text = "\n".join(pathlib.Path(path).read_text() for path in FOLDER.glob("LICENSE-*"))
    for owner in ("Twitter, Inc and other contributors", "Microsoft Corporation", "Cal Henderson"):
        assert owner in text
    assert "Google LLC" in (FOLDER / "README.md").read_text()


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'EMOTICONS'"):
        emoji32.EMOTICONS  # noqa: B018
