import itertools
import shutil

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.evaluation.knn import knn
from tf_simclr.judging.judge import encoder_features, encoder_outputs, judge
from tf_simclr.nets.resnet import ResNet
from tf_simclr.reporting.names import COLUMNS

LIMIT = 60


def colours(images):
    """The mean colour of each quarter: features without a network."""
    return tf.reshape(tf.nn.avg_pool2d(images, 8, 8, "VALID"), [-1, 12])


def test_neighbours_learn_from_as_many_labelled_pictures_as_are_asked_for(emoji_dir):
    config = Config.from_flat(
        {
            "dataset": "emoji32",
            "data_dir": emoji_dir,
            "eval_split": "test[:200]",
            "image_size": 16,
            "judge_examples": LIMIT,
        }
    )
    data = build_data.source(config)
    judged = judge(config, data, {"colours": colours})["colours"]

    pictures = build_data.evaluation_data(config, data, "train").unbatch().as_numpy_iterator()
    first = list(itertools.islice(pictures, 10 * LIMIT))
    labelled = [picture for picture in first if picture["label"] >= 0][:LIMIT]
    assert any(picture["label"] < 0 for picture in first[:LIMIT])  # must not be counted
    vectors = colours(np.stack([picture["image"] for picture in labelled])).numpy()
    labels = np.array([picture["label"] for picture in labelled])
    test = judged.test
    assert len(test.vectors) == LIMIT
    assert judged.scores["knn_top1"] == knn(vectors, labels, test.vectors, test.labels)


@pytest.mark.parametrize("several", [False, True])
def test_a_pictures_features_do_not_depend_on_the_others_of_its_batch(several):
    net = ResNet(10, width_multiplier=0.0625, small_images=True)
    represent = encoder_features(net, tf.distribute.get_strategy())
    if several:
        outputs = encoder_outputs(net, tf.distribute.get_strategy(), ["final_avg_pool", "pyramid"])
        represent = outputs["final_avg_pool"]
    images = np.random.default_rng(0).random((3, 8, 8, 3)).astype(np.float32)
    together = represent(images)
    assert together.shape == (3, 32) and together.std(axis=0).max() > 0
    np.testing.assert_allclose(represent(images[1:2]), together[1:2], rtol=1e-5, atol=1e-6)


def test_where_training_shows_no_class_of_a_test_picture_nothing_is_judged_by_labels(
    picture_folder, tmp_path, capsys
):
    folder = shutil.copytree(picture_folder, tmp_path / "pictures")
    for name in ("dark", "light"):  # As parts of a flat test folder.
        (folder / "test" / name).rename(folder / "test" / f"part {name}")
    flags = {"dataset": "image_folder", "data_dir": str(folder), "eval_split": "test"}
    config = Config.from_flat(flags | {"image_size": 16})
    judged = judge(config, build_data.source(config), {"colours": colours})["colours"]
    assert judged.strange and {judged.scores[column] for column in COLUMNS} == {None}
    assert judged.scores["rankme"] > 1 and judged.views == (8, 10)  # These ask for no labels.
    assert capsys.readouterr().out.count("No training picture shows a class of the test split") == 1


def test_a_class_that_no_training_picture_shows_is_left_out_and_the_probe_goes_on(
    picture_folder, tmp_path, capsys
):
    folder = shutil.copytree(picture_folder, tmp_path / "pictures")
    shutil.copytree(folder / "test" / "dark", folder / "test" / "unseen")
    config = Config.from_flat(
        {
            "dataset": "image_folder",
            "data_dir": str(folder),
            "eval_split": "test",
            "image_size": 16,
        }
    )
    data = build_data.source(config)
    judged = judge(config, data, {"colours": colours})["colours"]
    said = capsys.readouterr().out
    assert "4 test pictures are left out by the linear probe: no training picture" in said
    assert "shows 1 class (unseen)" in said
    assert judged.scores["linear_probe_top1"] == 1  # Any colour tells dark from light.
    assert sorted(judged.test.labels) == [0] * 4 + [1] * 4 + [2] * 4


def test_several_outputs_of_an_encoder_take_one_pass():
    passes = []

    class Counted(tf.Module):
        def __call__(self, images, training):
            tf.py_function(lambda: passes.append(1), [], [])
            return {"sum": tf.reduce_sum(images, [1, 2]), "most": tf.reduce_max(images, [1, 2])}

    outputs = encoder_outputs(Counted(), tf.distribute.get_strategy(), ["sum", "most"])
    first, second = (tf.random.uniform([3, 4, 4, 3], seed=seed) for seed in (1, 2))
    for images in (first, second, first):
        found = {name: output(images) for name, output in outputs.items()}
        np.testing.assert_allclose(found["sum"], tf.reduce_sum(images, [1, 2]), rtol=1e-6)
        np.testing.assert_array_equal(found["most"], tf.reduce_max(images, [1, 2]))
    assert len(passes) == 3
