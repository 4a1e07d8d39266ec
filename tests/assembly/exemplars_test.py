"""The seed patches of a run: drawn once, kept in its folder, read again, and copied."""

import json
import math
import os
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import methods, replicas
from tf_simclr.assembly import build_data, exemplars
from tf_simclr.config import Config
from tf_simclr.data.augment.copies import Copies
from tf_simclr.data.seed_patches import Seeds
from tf_simclr.workdir.seeds_file import SEEDS

CLASSES, SIZE = 40, 20
# Neither moved nor scaled nor turned, and in the same colours: 0.7 * 2 ** x = 1 for scale and
# factors, and the middle of all other ranges.
ONE = math.log2(1 / 0.7)
UNCHANGED = (0.5, 0.5, ONE, 0.5, 0.5, 0.5, 0.5, 0.5, ONE, 0.5, 0.5, ONE, 0.5, 0.5)


@pytest.fixture
def settings(picture_folder, tmp_path):
    return {
        "dataset": "image_folder",
        "data_dir": picture_folder,
        "eval_split": "test",
        "pretext_task": "exemplar",
        "exemplar_classes": CLASSES,
        "image_size": SIZE,
        "train_batch_size": 4,
        "model_dir": str(tmp_path / "run"),
    }


@pytest.fixture
def config(settings):
    return Config.from_flat(settings)


@pytest.fixture
def data(config):
    return build_data.source(config)


@pytest.fixture
def unchanged(monkeypatch):
    """Copies are their patches."""
    monkeypatch.setattr(Copies, "_draws", lambda self, seed: tf.constant(UNCHANGED))


def assert_same(found: Seeds, expected: Seeds):
    assert found.names == expected.names
    for array, other in zip(found[1:], expected[1:]):
        np.testing.assert_array_equal(array, other)


def kept(config):
    with open(os.path.join(config.run.model_dir, SEEDS)) as file:
        return json.load(file)


def test_patches_are_drawn_once_and_kept(config, data, monkeypatch):
    drawn = exemplars.seeds_of(config, data)
    assert len(drawn.names) == CLASSES
    assert kept(config)["patches"] == [
        [name, *box] for name, box in zip(drawn.names, drawn.boxes.tolist())
    ]
    monkeypatch.setattr(exemplars.seed_patches, "draw", lambda *_, **__: pytest.fail("drawn again"))
    for step in (0, 3):
        assert_same(exemplars.seeds_of(config, data, step), drawn)


def test_each_worker_draws_the_same_and_the_first_one_writes(config, data, monkeypatch):
    monkeypatch.setattr(replicas, "is_chief", lambda: False)
    drawn = exemplars.seeds_of(config, data)
    assert not os.path.exists(config.run.model_dir)
    monkeypatch.setattr(replicas, "is_chief", lambda: True)
    assert_same(exemplars.seeds_of(config, data), drawn)
    assert os.listdir(config.run.model_dir) == [SEEDS]


def test_a_dry_run_writes_nothing(config, data):
    dry = config.replaced({"dry_run": True})
    assert_same(exemplars.seeds_of(dry, data), exemplars.seeds_of(config, data))
    shutil.rmtree(config.run.model_dir)
    exemplars.seeds_of(dry, data)
    assert not os.path.exists(config.run.model_dir)


@pytest.mark.parametrize("change", [{"seed": 1}, {"exemplar_classes": 41}, {"train_split": "test"}])
def test_a_run_that_begins_draws_by_its_own_settings_and_one_that_goes_on_keeps(
    config, data, change
):
    first = exemplars.seeds_of(config, data)
    other = config.replaced(change)
    assert_same(exemplars.seeds_of(other, data, 5), first)
    assert kept(config)["seed"] == 0
    begun = exemplars.seeds_of(other, data)
    assert begun.names != first.names or np.any(begun.boxes != first.boxes)
    assert_same(exemplars.seeds_of(other, data, 5), begun)


@pytest.mark.parametrize("content", [None, "{", "{}"])
def test_a_run_cannot_go_on_without_them(config, data, content):
    if content is not None:
        exemplars.seeds_of(config, data)
        with open(os.path.join(config.run.model_dir, SEEDS), "w") as file:
            file.write(content)
    with pytest.raises(ValueError, match="`model_dir` must hold a readable seed_patches.json.*5"):
        exemplars.seeds_of(config, data, 5)


def test_pictures_are_found_by_name_and_must_be_there(config, data, settings, tmp_path):
    seeds = exemplars.seeds_of(config, data)
    cuts = exemplars.cuts_of(config, data, seeds)
    own = tmp_path / "pictures"
    shutil.copytree(settings["data_dir"], own)
    for number in range(5):  # Each moves the others in their order by hashes.
        shutil.copy(own / "train" / "dark" / "0.png", own / "train" / "dark" / f"new {number}.png")
    changed = build_data.source(config.replaced({"data_dir": str(own)}))
    again = exemplars.cuts_of(config, changed, seeds)
    assert np.any(again.places != cuts.places)

    def names(source, places):
        pictures = [name for name, _ in source._pictures("train")]
        return [os.path.relpath(pictures[place][1:], source.folder) for place in places]

    assert names(changed, again.places) == names(data, cuts.places) == list(seeds.names)
    gone = seeds.names[3]
    (own / gone).unlink()
    smaller = build_data.source(config.replaced({"data_dir": str(own)}))
    with pytest.raises(ValueError, match=f"names 1 that are not in 'train' of image_.*: {gone}. R"):
        exemplars.cuts_of(config, smaller, seeds)
    assert exemplars.cuts_of_run(config, smaller) is None
    assert exemplars.cuts_of_run(config.replaced({"model_dir": str(tmp_path)}), data) is None
    assert exemplars.cuts_of_run(config.replaced({"model_dir": None}), data) is None
    np.testing.assert_array_equal(exemplars.cuts_of_run(config, data).places, cuts.places)


def test_more_classes_than_patches_are_refused_before_anything_is_read(config, data):
    exemplars.check_count(config.replaced({"exemplar_classes": 16 * 16}), data)
    message = (
        "`exemplar_classes` must not be more than the patches that can be cut: the 16 pictures in"
        " 'train' of image_folder have 16 each, 256 together. Received: exemplar_classes=257. Give"
        " fewer, or more pictures."
    )
    with pytest.raises(ValueError, match="^" + message.replace("`", ".")):
        exemplars.check_count(config.replaced({"exemplar_classes": 257}), data)
    with pytest.raises(
        ValueError, match="^`exemplar_classes` must not be more.*exemplar_classes=256"
    ):
        exemplars.seeds_of(config.replaced({"exemplar_classes": 256}), data)  # Some are the same.


def patches(data, seeds):
    """Each patch, cut out of its picture and resized by TensorFlow: [patches, SIZE, SIZE, 3]."""
    records = data.records("train", names=True).as_numpy_iterator()
    pictures = {r["name"].decode(): data.decode(tf.constant(r["image"])) for r in records}
    return np.stack(
        [
            tf.image.resize(
                pictures[name][top : top + side, left : left + side] / 255, [SIZE, SIZE]
            )
            for name, (top, left, side) in zip(seeds.names, seeds.boxes)
        ]
    )


@pytest.mark.parametrize("pipelines", [1, 2])
@pytest.mark.usefixtures("unchanged")
def test_an_epoch_has_a_copy_of_each_patch_with_its_class(config, data, pipelines):
    expected, seen = patches(data, exemplars.seeds_of(config, data)), []
    method = methods.method_of(config)
    stream = method.stream(config, data, 0)
    for number in range(pipelines):
        context = tf.distribute.InputContext(pipelines, number, pipelines)
        batches = method.batches(config, stream, 0, context)
        for copies, classes in batches.take(CLASSES // 4).as_numpy_iterator():
            assert copies.shape == (4 // pipelines, SIZE, SIZE, 3)
            seen += classes.tolist()
            inside = slice(3, -3)  # At its border a copy shows what is around the patch.
            difference = np.abs(copies - expected[classes])[:, inside, inside]
            assert difference.max() < 0.02
    assert sorted(seen) == list(range(CLASSES))


def test_batches_go_on_from_any_step(config, data):
    method, context = methods.method_of(config), tf.distribute.InputContext()
    whole = method.batches(config, method.stream(config, data, 0), 0, context)
    later = method.batches(config, method.stream(config, data, 13), 0, context)
    for one, other in zip(whole.skip(13).take(3), later.take(3)):
        for tensor, same in zip(one, other):
            np.testing.assert_array_equal(tensor, same)
    first, second = [], []  # Copies of two epochs are others.
    for step, (copies, classes) in enumerate(whole.take(20).as_numpy_iterator()):
        (first if step < 10 else second).append((classes, copies))
    once, twice = (
        np.concatenate([copies for _, copies in epoch])[
            np.argsort(np.concatenate([c for c, _ in epoch]))
        ]
        for epoch in (first, second)
    )
    assert (np.abs(once - twice).max(axis=(1, 2, 3)) > 0.05).all()


@pytest.mark.parametrize(("limit", "batch", "judged"), [(1000, 16, 32), (10, 16, 10)])
def test_copies_to_judge_are_of_as_many_patches_as_are_asked_for(
    config, data, limit, batch, judged
):
    config = config.replaced({"judge_examples": limit, "eval_batch_size": batch})
    cuts = exemplars.cuts_of(config, data, exemplars.seeds_of(config, data))
    first, again = (
        [
            (copies, classes)
            for copies, classes in exemplars.copies_to_judge(config, data, cuts).as_numpy_iterator()
        ]
        for _ in range(2)
    )
    numbers = np.concatenate([classes for _, classes in first])
    assert len(set(numbers)) == len(numbers) == judged
    np.testing.assert_array_equal(first[0][0], again[0][0])


@pytest.mark.usefixtures("unchanged")
def test_rows_begin_with_the_patch(config, data):
    seeds = exemplars.seeds_of(config, data)
    rows = exemplars.rows_of_copies(config, data, exemplars.cuts_of(config, data, seeds))
    assert rows.shape == (6, 13, SIZE, SIZE, 3) and rows.dtype == np.uint8
    chosen = [0, 8, 16, 23, 31, 39]  # Evenly spread.
    inside, expected = slice(3, -3), 255 * patches(data, seeds)[chosen]
    for column in range(13):
        difference = np.abs(rows[:, column] - expected)[:, inside, inside]
        # The patch is resized by a bicubic kernel, its copies by a bilinear one.
        assert np.mean(difference) < (20 if column == 0 else 1.5)
