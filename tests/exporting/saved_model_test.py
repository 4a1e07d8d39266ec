import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import ProjectionHead, ResNet
from tf_simclr.exporting import saved_model
from tf_simclr.nets.heads import SupervisedHead

KEYS = {
    "initial_conv",
    "initial_max_pool",
    *(f"block_group{group}" for group in range(1, 5)),
    "final_avg_pool",
    "logits_sup",
    "proj_head_input",
    "proj_head_output",
}


@pytest.fixture(scope="module")
def parts():
    encoder = ResNet(18, width_multiplier=0.0625, small_images=True)
    head = ProjectionHead(out_dim=8)
    classifier = SupervisedHead(3)
    hidden = encoder(tf.zeros([1, 16, 16, 3]))["final_avg_pool"]
    classifier(head(hidden)[1])
    return {"encoder": encoder, "projection_head": head, "supervised_head": classifier}


@pytest.fixture(scope="module")
def path(parts, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "1"
    saved_model.save(parts, str(path), selector=1)
    return path


@pytest.fixture(scope="module")
def loaded(path):
    return tf.saved_model.load(str(path))


@pytest.fixture(scope="module")
def images():
    return tf.constant(np.random.default_rng(1).random((4, 16, 16, 3), np.float32))


def test_the_ten_keys_of_the_original(loaded, images):
    assert set(loaded(images, trainable=False)) == KEYS  # REFERENCE: "What it writes"
    assert set(loaded(images, False)) == KEYS


def test_outputs_are_those_of_the_model_and_the_classifier_reads_its_layer(loaded, parts, images):
    outputs = loaded(images, trainable=False)
    endpoints = parts["encoder"](images)
    projections = parts["projection_head"](endpoints["final_avg_pool"])
    for name, value in endpoints.items():
        np.testing.assert_allclose(outputs[name], value, atol=1e-5)
    np.testing.assert_allclose(outputs["proj_head_output"], projections[-1], atol=1e-5)
    expected = parts["supervised_head"](projections[1])
    np.testing.assert_allclose(outputs["logits_sup"], expected, atol=1e-5)


def test_trainable_uses_the_batch_and_adds_no_blur(loaded, images):
    # The original's export blurs at random when trainable=True (REFERENCE, "Broken there" 9).
    first = loaded(images, trainable=True)["final_avg_pool"]
    second = loaded(images, trainable=True)["final_avg_pool"]
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - loaded(images, trainable=False)["final_avg_pool"]).max() > 1e-4


def test_variables_are_listed_for_whoever_trains_on(loaded, parts):
    trainable = sum(len(part.trainable_variables) for part in parts.values())
    assert len(loaded.trainable_variables) == trainable > 0
    assert len(loaded.variables) == sum(len(part.variables) for part in parts.values())


def test_without_a_classifier_its_key_is_left_out(parts, tmp_path, images):
    few = {name: part for name, part in parts.items() if name != "supervised_head"}
    saved_model.save(few, str(tmp_path / "1"))
    outputs = tf.saved_model.load(str(tmp_path / "1"))(images, trainable=False)
    assert set(outputs) == KEYS - {"logits_sup"}


def test_nothing_of_keras_is_saved_beside_the_function_and_the_weights(path, parts):
    assert b"_tf_keras_" not in (path / "saved_model.pb").read_bytes()
    graph = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    weights = [k for k in graph.get_variable_to_shape_map() if "VARIABLE_VALUE" in k]
    assert len(weights) == sum(len(part.variables) for part in parts.values())
