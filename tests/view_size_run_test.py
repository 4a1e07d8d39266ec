"""Training on smaller views than the pictures that are judged, by the command line."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf
from whole_runs import read, run, run_and_record

from tf_simclr import load_encoder
from tf_simclr.evaluation.linear_classifier import LinearClassifier
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.nets.resnet import ResNet
from tf_simclr.workdir.fitted import FILES, read_fitted

SIZES = ["--image_size=20", "--view_size=12", "--stem=small", "--center_crop=1"]


@pytest.fixture(scope="module")
def seen():
    """Sides of the pictures that the encoder was called with."""
    return set()


@pytest.fixture(scope="module", autouse=True)
def recorded(seen):
    call = ResNet.call

    def called(self, images, training=False):
        seen.add((images.shape[1], bool(training)))
        return call(self, images, training=training)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ResNet, "call", called)
        yield


@pytest.fixture(scope="module")
def pretrained(tiny_flags, tmp_path_factory):
    folder = str(tmp_path_factory.mktemp("views"))
    flags = [*tiny_flags, *SIZES, f"--model_dir={folder}"]
    return folder, "\n".join(run_and_record(*flags))


@pytest.mark.parametrize("task", ["simclr", "rotation", "exemplar"])
def test_it_trains_at_one_size_and_is_judged_at_the_other(task, tiny_flags, tmp_path, seen):
    seen.clear()
    flags = [f"--pretext_task={task}", "--exemplar_classes=8", "--mode=train_then_eval"]
    run(*tiny_flags, *SIZES, *flags, f"--model_dir={tmp_path}")
    trained = {side for side, training in seen if training}
    judged = {side for side, training in seen if not training}
    exported = {None}  # for pictures of any size
    assert trained - exported == {12} and 20 in judged
    result = json.loads(read(tmp_path, "result.json"))
    assert (result["image_size"], result["center_crop"]) == (20, 1)


def test_both_sizes_are_said(pretrained):
    _, printed = pretrained
    assert "at 12 pixels (judged at 20), batch 4" in printed


def test_the_encoder_takes_pictures_of_the_size_that_is_judged(pretrained, recwarn):
    folder, _ = pretrained
    encoder = load_encoder(folder)
    assert encoder.trained_size == 20 and encoder.small_images
    encoder(np.zeros([1, 20, 20, 3], np.float32))
    assert not [w for w in recwarn if "pixels" in str(w.message)]


@pytest.mark.parametrize("mode", ["finetune", "distill"])
def test_what_starts_from_it_may_train_on_small_views_too(
    mode, pretrained, tiny_flags, tmp_path, seen
):
    folder, _ = pretrained
    origin = "checkpoint" if mode == "finetune" else "teacher"
    seen.clear()
    flags = [f"--train_mode={mode}", f"--{origin}={folder}", "--distill_alpha=1"]
    run(*tiny_flags, *SIZES, *flags, f"--model_dir={tmp_path}")
    assert 12 in {side for side, training in seen if training}


def test_the_linear_head_of_exports_is_fitted_to_pictures_as_they_are_judged(pretrained):
    folder, _ = pretrained
    fitted = read_fitted(folder, 3, LinearClassifier)
    module = tf.saved_model.load(f"{folder}/hub/3")
    images = tf.random.stateless_uniform([4, 20, 20, 3], [0, 1])
    np.testing.assert_allclose(module.classify(images), fitted(module(images)), atol=1e-4)


def test_the_checkpoint_keeps_the_head_that_was_trained_alongside(pretrained):
    folder, _ = pretrained
    name = "supervised_head/kernel/.ATTRIBUTES/VARIABLE_VALUE"
    trained = tf.train.load_variable(f"{folder}/ckpt-3", name)
    fitted = read_fitted(folder, 3, LinearClassifier).kernel
    assert trained.shape == fitted.shape and np.all(trained != fitted)


def test_a_run_on_views_of_the_judged_size_keeps_its_head(trained_run):
    assert os.path.exists(f"{trained_run}/{FILES[Whitening]}")
    assert not os.path.exists(f"{trained_run}/{FILES[LinearClassifier]}")
