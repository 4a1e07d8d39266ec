"""What a look finds in features whose scores are known, and which pictures it looks at."""

import numpy as np
import pytest

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.judging import looks


@pytest.mark.parametrize(("rows", "width"), [(40, 4), (90, 7)])
def test_features_that_tell_the_classes_are_found_good(rows, width):
    """Directions all alike: RankMe is their number (its paper, 3.1); 1 / sqrt at most."""
    labels = np.arange(rows) % width
    found = looks.look_at(np.eye(width, dtype=np.float32)[labels], labels)
    assert found.scores["knn_top1"] == found.scores["linear_probe_top1"] == 1
    assert found.scores["rankme"] == pytest.approx(width, rel=0.01)
    assert not found.collapsed and found.width == width


@pytest.mark.parametrize("width", [4, 64])
def test_features_that_are_all_the_same_have_collapsed(width):
    noise = np.random.default_rng(0).normal(size=(50, width))
    for scale, collapsed in ((1e-3, True), (0.03, True), (0.3, False)):
        found = looks.look_at((1 + scale * noise).astype(np.float32), np.full(50, -1))
        assert found.collapsed == collapsed
        assert set(found.scores) == {"rankme", "feature_std"}


def test_features_that_are_not_numbers_have_no_scores():
    found = looks.look_at(np.full([4, 3], np.nan, np.float32), np.zeros(4, int))
    assert found.scores == {} and not found.collapsed


def test_a_class_that_only_the_asked_pictures_show_is_left_out():
    labels = np.array([9, 0, 1, 0, 1, 0, 1, 0, 1, 0])
    found = looks.look_at(np.eye(2, dtype=np.float32)[labels % 2], labels)
    assert found.scores["linear_probe_top1"] == 1


def test_the_pictures_are_a_part_of_the_training_split_by_seed(picture_folder, monkeypatch):
    monkeypatch.setattr(looks, "PICTURES", 10)

    def drawn(**flags):
        flags = {"dataset": "image_folder", "data_dir": picture_folder, "image_size": 16} | flags
        config = Config.from_flat(flags)
        return looks.sample(config, build_data.source(config))

    first, again, other = drawn(), drawn(), drawn(seed=1)
    assert first.images.shape == (10, 16, 16, 3) and first.images.dtype == np.uint8
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.labels, again.labels)
    assert set(first.labels) == {0, 1} and not np.array_equal(first.images, other.images)
    assert len(drawn(image_size=8).images) == 10
    monkeypatch.setattr(looks, "MOST_BYTES", 3 * 16 * 16 * 4)
    assert len(drawn().images) == 4
