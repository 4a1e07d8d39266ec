import json
import os
import pathlib
import shutil
import warnings

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr import ProjectionHead, ResNet, load_classifier
from tf_simclr.config import Config
from tf_simclr.exporting import card
from tf_simclr.nets.classifier import Classifier
from tf_simclr.pretrained.trained import open_trained
from tf_simclr.workdir import run_folder

OLD = pathlib.Path(__file__).parents[1] / "old_runs"


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((3, 16, 16, 3), np.float32)


@pytest.mark.parametrize("place", ["", "ckpt-3", "hub/3", "saved_model/3"])
def test_it_gives_the_logits_of_the_network_and_the_names_of_its_classes(
    trained_run, images, place
):
    """That head was trained alongside pretraining."""
    path = os.path.join(trained_run, place)
    classifier = load_classifier(path)
    assert isinstance(classifier, keras.Model)
    assert (classifier.num_classes, classifier.class_names) == (2, ("dark", "light"))
    expected = open_trained(path).network.features(tf.constant(images))["logits"]
    np.testing.assert_allclose(classifier(images), expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(
        classifier.predict(images, verbose=0), expected, rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize("place", ["finetuned", "finetuned/hub/3"])
def test_one_of_an_older_version_is_loaded_with_its_names(images, place):
    classifier = load_classifier(OLD / place)
    assert classifier.class_names == tuple(
        json.loads((OLD / "finetuned/dataset.json").read_text())["class_names"]
    )
    assert classifier(images).shape == (3, classifier.num_classes)


@pytest.mark.parametrize(("selector", "classes"), [(0, 3), (1, 2), (2, 5), ("pyramid", 2)])
def test_it_reads_the_layer_that_it_was_trained_on(tmp_path, images, selector, classes):
    """Whatever the method: what a run keeps is its settings and its parts."""
    net = Classifier(
        ResNet(10, width_multiplier=0.0625, small_images=True),
        ProjectionHead(out_dim=8, num_layers=2),
        num_classes=classes,
        selector=selector,
    )
    net.build([None, 16, 16, 3])
    net.supervised_head.bias.assign(tf.range(classes, dtype=tf.float32))
    tf.train.Checkpoint(**net.parts()).write(str(tmp_path / "ckpt-1"))
    reads_pyramid = selector == "pyramid"
    flags = {"classify_pyramid": True} if reads_pyramid else {"ft_proj_selector": selector}
    flags |= {"train_mode": "finetune", "image_size": 16}
    flags |= {"resnet_depth": 10, "width_multiplier": 0.0625}
    flags |= {"proj_out_dim": 8, "num_proj_layers": 2}
    run_folder.write_settings(Config.from_flat(flags), str(tmp_path))
    loaded = load_classifier(str(tmp_path / "ckpt-1"))
    np.testing.assert_array_equal(loaded(images), net(images))
    assert loaded.class_names == ()  # Nothing recorded them.


def test_names_of_other_data_are_not_taken_for_those_of_the_classes(trained_run, tmp_path):
    run = shutil.copytree(trained_run, tmp_path / "run")
    facts = json.loads((run / "dataset.json").read_text())
    (run / "dataset.json").write_text(json.dumps(facts | {"class_names": ["a", "b", "c"]}))
    assert load_classifier(str(run)).class_names == ()


def test_it_trains_on_and_is_saved_by_keras(trained_run, images, tmp_path):
    classifier = load_classifier(trained_run)
    classifier.compile("adam")
    classifier.fit(images, np.eye(2, dtype=np.float32)[[0, 1, 0]], verbose=0)
    classifier.save(tmp_path / "mine.keras")
    loaded = keras.models.load_model(tmp_path / "mine.keras")
    assert loaded.class_names == ("dark", "light")
    np.testing.assert_allclose(loaded(images), classifier(images), rtol=1e-6)


def test_pictures_that_it_was_not_trained_for_are_warned_of(trained_run):
    classifier = load_classifier(trained_run)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier(np.full([1, 64, 64, 3], 255, np.float32))
    said = [str(warning.message) for warning in caught]
    assert [text for text in said if "16 x 16 pixels, and these have 64 x 64" in text]
    assert [text for text in said if "values in [0, 1]" in text]
    with pytest.raises(ValueError, match=r"`images` must be float, in \[0, 1\]"):
        classifier(np.zeros([1, 16, 16, 3], np.uint8))


def test_an_encoder_alone_is_refused_with_what_to_do(tmp_path, trained_run):
    encoder = ResNet(10, width_multiplier=0.0625)
    head = ProjectionHead(out_dim=8)
    head(encoder(tf.zeros([1, 16, 16, 3]))["final_avg_pool"])
    parts = {"encoder": encoder, "projection_head": head}
    tf.train.Checkpoint(**parts).write(str(tmp_path / "ckpt-1"))
    shutil.copy(f"{trained_run}/flags.json", tmp_path)
    with pytest.raises(ValueError, match="`path` must lead to a classifier") as caught:
        load_classifier(str(tmp_path / "ckpt-1"))
    assert f"--train_mode=finetune --checkpoint={tmp_path}/ckpt-1" in str(caught.value)
    assert "Use load_encoder" in str(caught.value)


def test_what_holds_no_weights_for_it_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`checkpoint` must be a run's folder"):
        load_classifier(str(tmp_path))
    told = card.read(str(OLD / "finetuned/hub/3"))
    card.write(told, str(tmp_path))  # A folder of files that others run, with its card.
    with pytest.raises(ValueError, match="is an export whose weights cannot be read back"):
        load_classifier(str(tmp_path))
