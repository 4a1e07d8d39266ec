import numpy as np
import pytest

from tf_simclr import methods
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.confusion import confusion_matrix
from tf_simclr.judging.classify import classify


def test_of_labelled_pictures_a_label_is_hit_among_the_first_and_the_first_five(emoji_dir):
    config = Config.from_flat(
        {
            "dataset": "emoji32",
            "data_dir": emoji_dir,
            "eval_split": "test[:300]",
            "eval_batch_size": 120,
            "image_size": 16,
            "resnet_depth": 10,
            "width_multiplier": 0.0625,
        }
    )
    data = build_data.source(config)
    net = methods.network(config, methods.Lesson(data.num_classes))
    kernel = net.supervised_head.kernel
    kernel.assign(np.random.default_rng(0).standard_normal(kernel.shape))
    answers, scores = classify(config, data, net)
    matrix = confusion_matrix(answers.labels, answers.predictions, classes=len(data.class_names))
    batches = list(build_data.evaluation_data(config, data, "test[:300]"))
    labels = np.concatenate([batch["label"] for batch in batches])
    logits = np.concatenate([net(b["image"], training=False)["logits_sup"] for b in batches])
    labelled = np.flatnonzero(labels >= 0)
    assert 0 < len(labelled) < len(labels) == 300
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answers.sureness, shares.max(axis=1), rtol=1e-4)
    best = np.argsort(-logits, axis=1, kind="stable")[:, :5]
    expected = np.zeros_like(matrix)
    np.add.at(expected, (labels[labelled], best[labelled, 0]), 1)
    np.testing.assert_array_equal(matrix, expected)
    five = np.mean([label in row for label, row in zip(labels[labelled], best[labelled])])
    one = np.trace(matrix) / len(labelled)
    assert scores["eval/label_top_1_accuracy"] == pytest.approx(one, abs=1e-12)
    assert scores["eval/label_top_5_accuracy"] == pytest.approx(five, abs=1e-6)
    assert one < five < 1
