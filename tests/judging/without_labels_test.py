"""Judges without labels on features of an evaluation: which pictures, which views, what is said."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import evaluation_views
from tf_simclr.config import Config
from tf_simclr.evaluation.alignment import alignment
from tf_simclr.evaluation.lidar import lidar
from tf_simclr.evaluation.rank import rankme
from tf_simclr.evaluation.two_view_retrieval import two_view_retrieval
from tf_simclr.judging import without_labels
from tf_simclr.judging.without_labels import judge_without_labels, view_features
from tf_simclr.reporting.names import LABEL_FREE


@pytest.fixture
def settings(picture_folder):
    return {
        "dataset": "image_folder",
        "data_dir": picture_folder,
        "eval_split": "test",  # 8 pictures
        "image_size": 16,
    }


def views_of(flags, *, pictures=500, pairs=2):
    """float32 [pictures, views, ...] and the places of the pictures in the split."""
    config = Config.from_flat(flags)
    batches = evaluation_views(config, build_data.source(config), pictures=pictures, pairs=pairs)
    images, labels = zip(*((batch["image"].numpy(), batch["label"].numpy()) for batch in batches))
    places = np.concatenate(labels).reshape(-1, 2 * pairs)
    assert (places == places[:, :1]).all()  # The views of a picture are in a row.
    return np.concatenate(images).reshape(*places.shape, 16, 16, 3), places[:, 0]


@pytest.mark.parametrize("blur", [True, False])
def test_views_are_the_same_whatever_the_batch_and_the_seed_of_the_run(settings, blur):
    settings |= {"use_blur": blur}
    views, places = views_of(settings)
    assert list(places) == list(range(8)) and 0 <= views.min() < views.max() <= 1
    again, _ = views_of(settings | {"eval_batch_size": 3, "seed": 5})
    np.testing.assert_allclose(again, views, atol=1e-6)
    different = {view.tobytes() for picture in views for view in picture}
    assert len(different) == 8 * 4


def test_views_are_made_by_the_operations_of_the_run(settings):
    plain, _ = views_of(settings | {"view_operations": "crop", "min_crop_area": 1.0})
    gray, _ = views_of(settings)
    assert (gray.max(axis=-1) - gray.min(axis=-1)).max(axis=(2, 3)).min() < 1e-6
    assert (plain.max(axis=-1) - plain.min(axis=-1)).max(axis=(2, 3)).min() > 0.05


@pytest.mark.parametrize(("most", "limit", "expected"), [(3, 8, [0, 4, 7]), (500, 5, range(5))])
def test_pictures_are_spread_over_those_that_are_judged(settings, most, limit, expected):
    _, places = views_of(settings | {"judge_examples": limit}, pictures=most)
    assert list(places) == list(expected)


def test_every_network_gets_the_same_ten_views_of_each_picture(settings):
    config = Config.from_flat(settings | {"eval_batch_size": 7})
    networks = {"pixels": lambda images: images, "red": lambda images: images[..., :1]}
    found = view_features(config, build_data.source(config), networks)
    assert found["pixels"].shape == (8, 10, 768) and found["red"].shape == (8, 10, 256)
    red = found["pixels"].reshape(8, 10, 256, 3)[..., 0]
    np.testing.assert_array_equal(found["red"], red)


def features(count, width=9, seed=0):
    generator = np.random.default_rng(seed)
    pictures = generator.normal(size=(count, width)).astype(np.float32)
    return pictures, pictures[:, None] + generator.normal(size=(count, 4, width)).astype("float32")


@pytest.mark.parametrize("count", [12, 40])
def test_each_judge_gets_what_it_asks_about(count):
    pictures, views = features(count)
    scores = judge_without_labels({"": pictures}, {"": views})[""]
    assert set(scores) == set(LABEL_FREE)
    first, second = views[:, :2], views[:, 2:]
    for key, judge in (("alignment", alignment), ("two_view_retrieval", two_view_retrieval)):
        pairs = [judge(pair[:, 0], pair[:, 1]) for pair in (first, second)]
        assert scores[key] == pytest.approx(np.mean(pairs))
    assert scores["lidar"] == pytest.approx(lidar(views))
    assert scores["rankme"] == pytest.approx(rankme(pictures))


def test_of_many_pictures_some_are_taken_evenly(monkeypatch):
    monkeypatch.setattr(without_labels, "MOST_ROWS", 5)
    pictures, views = features(41)
    scores = judge_without_labels({"": pictures}, {"": views})[""]
    assert scores["rankme"] == pytest.approx(rankme(pictures[[0, 10, 20, 30, 40]]))


def test_one_picture_is_no_reason_to_complain(capsys):
    pictures, views = features(1)
    assert judge_without_labels({"": pictures}, {"": views}) == {"": dict.fromkeys(LABEL_FREE)}
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("count", [2, 5])
def test_what_few_pictures_cannot_tell_is_said_once(count, capsys):
    pictures, views = features(count)
    scores = judge_without_labels(dict.fromkeys("ab", pictures), dict.fromkeys("ab", views))
    assert [key for key, value in scores["a"].items() if value is None] == ["alpha_req"]
    said = capsys.readouterr().out
    assert said.startswith("alpha-ReQ is left out: `features` must vary") and said.count("\n") == 1


def test_a_network_that_diverged_leaves_the_others_their_scores(capsys):
    pictures, views = features(12)
    broken = np.full_like(pictures, np.nan), np.full_like(views, np.nan)
    scores = judge_without_labels(
        {"good": pictures, "bad": broken[0]}, {"good": views, "bad": broken[1]}
    )
    assert set(scores["bad"].values()) == {None} and None not in scores["good"].values()
    assert "RankMe is left out: `features` must be finite" in capsys.readouterr().out


def test_a_collapsed_network_is_at_chance():
    pictures, views = np.ones((20, 6), np.float32), np.ones((20, 4, 6), np.float32)
    scores = judge_without_labels({"": pictures}, {"": views})[""]
    assert scores["two_view_retrieval"] == pytest.approx(1 / 20)
    assert scores["feature_std"] == pytest.approx(0, abs=1e-9)
    assert scores["rankme"] == pytest.approx(1, rel=1e-3) and scores["lidar"] == 1


def test_views_of_a_tensor_network_come_from_the_strategy_as_arrays(settings):
    config = Config.from_flat(settings)
    networks = {"": lambda images: tf.reduce_mean(images, axis=[1, 2])}
    found = view_features(config, build_data.source(config), networks)[""]
    assert type(found) is np.ndarray and found.dtype == np.float32
