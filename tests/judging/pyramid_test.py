import dataclasses

import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import extract
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.retrieval import retrieval_at_k
from tf_simclr.judging import pyramid
from tf_simclr.judging.judge import judge, judged_batches, probe
from tf_simclr.judging.pyramid import judge_pyramid

LIMIT = 300
MIXED = tf.random.stateless_normal([16 * 16 * 3, 12], [0, 1]) * tf.range(1.0, 13)


def flat(images):
    return tf.reshape(images, [len(images), -1])


def mixed(images):
    return flat(images) @ MIXED


@pytest.fixture(scope="module")
def emoji(emoji_dir):
    flags = {"dataset": "emoji32", "data_dir": emoji_dir, "image_size": 16, "eval_split": "test"}
    config = Config.from_flat({**flags, "judge_examples": LIMIT})
    return config, build_data.source(config)


@pytest.fixture(scope="module")
def scored(emoji):
    config, data = emoji
    networks = {"": lambda images: flat(images)[:, :9], "raw_pixels/": flat}
    judged = judge(config, data, networks, {"": mixed})
    return judge_pyramid(config, data, judged), judged


def test_the_probe_reads_the_pyramid_and_neighbours_are_found_after_whitening(scored, emoji):
    config, data = emoji

    def table(split, labelled):
        shown = judged_batches(config, data, split, labelled=labelled)
        return extract({"": mixed}, shown, limit=LIMIT)[""]

    train, test = table("train", True), table("test", False)
    found, judged = scored
    white = whitening.fit(train.vectors)
    near = knn(white(train.vectors), train.labels, white(test.vectors), test.labels)
    share = retrieval_at_k(white(test.vectors), test.identities, test.groups)
    assert (found["pyramid/knn_top1"], found["pyramid/retrieval_at_1"]) == (near, share)
    plain = retrieval_at_k(test.vectors, test.identities, test.groups)
    assert abs(plain - share) > 0.02  # Otherwise this could not tell.
    probed = probe(config, train, test, judged[""].labels)
    assert found["pyramid/linear_probe_top1"] == probed.scores["linear_probe_top1"]
    assert found["pyramid/features"] == 12


def test_other_rows_keep_their_features_and_their_probe(scored):
    found, judged = scored
    pixels = judged["raw_pixels/"]
    for key in ("linear_probe_top1", "features"):
        assert found[f"pyramid/raw_pixels/{key}"] == pixels.scores[key]
    white = whitening.fit(pixels.train.vectors)
    share = retrieval_at_k(white(pixels.test.vectors), pixels.test.identities, pixels.test.groups)
    assert found["pyramid/raw_pixels/retrieval_at_1"] == share


def test_without_labels_or_without_a_pyramid_nothing_is_judged(emoji, scored):
    config, data = emoji
    judged = {"": dataclasses.replace(scored[1][""], beside=None)}
    assert judge_pyramid(config, data, judged) == {}


def test_a_linear_probe_that_would_take_long_is_left_out(emoji, scored, monkeypatch):
    config, data = emoji
    monkeypatch.setattr(pyramid, "MOST_WORK", LIMIT * 12 * data.num_classes - 1)
    found, before = judge_pyramid(config, data, scored[1]), scored[0]
    assert "pyramid/linear_probe_top1" not in found
    assert found == {key: before[key] for key in found} and "pyramid/knn_top1" in found
