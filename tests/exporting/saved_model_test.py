import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.evaluation import whitening
from tf_simclr.exporting import saved_model

SIDE = 16

KEYS = {
    "initial_conv",
    "initial_max_pool",
    *(f"block_group{group}" for group in range(1, 5)),
    "final_avg_pool",
    "pyramid",
    "logits_sup",
    "proj_head_input",
    "proj_head_output",
}


@pytest.fixture(scope="module")
def path(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "1"
    saved_model.save(network, str(path))
    return path


@pytest.fixture(scope="module")
def loaded(path):
    return tf.saved_model.load(str(path))


def test_it_says_what_size_it_was_trained_on(loaded):
    assert int(loaded.trained_size) == 16


def test_the_ten_keys_of_the_original_and_the_pyramid(loaded, images):
    assert set(loaded(images, trainable=False)) == KEYS  # REFERENCE: "What it writes"
    assert set(loaded(images, False)) == KEYS
    assert set(loaded.signatures["serving_default"](images=images)) == KEYS


def test_outputs_are_those_of_the_model_and_the_classifier_reads_its_layer(loaded, network, images):
    outputs = loaded(images, trainable=False)
    endpoints = network.encoder(images)
    projections = network.projection_head(endpoints["final_avg_pool"])
    for name, value in endpoints.items():
        np.testing.assert_allclose(outputs[name], value, atol=1e-5)
    np.testing.assert_allclose(outputs["proj_head_output"], projections[-1], atol=1e-5)
    expected = network.supervised_head(projections[1])
    np.testing.assert_allclose(outputs["logits_sup"], expected, atol=1e-5)


def test_trainable_uses_the_batch_and_adds_no_blur(path, images):
    # The original's export blurs at random when trainable=True (REFERENCE, "Broken there" 9).
    loaded = tf.saved_model.load(str(path))  # One of its own: each call moves its averages.
    first = loaded(images, trainable=True)["final_avg_pool"]
    second = loaded(images, trainable=True)["final_avg_pool"]
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - loaded(images, trainable=False)["final_avg_pool"]).max() > 1e-4
    # So does the norm of the projection head's last layer, which has no offset.
    projections = loaded(images, trainable=True)["proj_head_output"]
    np.testing.assert_allclose(np.mean(projections, axis=0), np.zeros(8), atol=1e-6)


def test_variables_are_listed_for_whoever_trains_on(loaded, network):
    parts = network.parts.values()
    trainable = sum(len(part.trainable_variables) for part in parts)
    assert len(loaded.trainable_variables) == trainable > 0
    assert len(loaded.variables) == sum(len(part.variables) for part in parts)


def test_without_a_classifier_its_key_is_left_out(network_without_classifier, tmp_path, images):
    saved_model.save(network_without_classifier, str(tmp_path / "1"))
    outputs = tf.saved_model.load(str(tmp_path / "1"))(images, trainable=False)
    assert set(outputs) == KEYS - {"logits_sup"}


def test_a_known_whitening_is_a_linear_map_in_the_export(network, tmp_path, images):
    drawn = np.random.default_rng(0).random((50, SIDE, SIDE, 3), np.float32)
    white = whitening.fit(network.encoder(drawn)["pyramid"].numpy(), most=8)
    saved_model.save(dataclasses.replace(network, whitening=white), str(tmp_path / "1"))
    outputs = tf.saved_model.load(str(tmp_path / "1"))(images)
    assert set(outputs) == KEYS | {"pyramid_white"}
    expected = white(network.encoder(images)["pyramid"].numpy())
    assert expected.shape == (len(images), 8) and expected.std() > 0.1
    np.testing.assert_allclose(outputs["pyramid_white"], expected, atol=1e-4)


def test_nothing_of_keras_is_saved_beside_the_function_and_the_weights(path, network):
    assert b"_tf_keras_" not in (path / "saved_model.pb").read_bytes()
    graph = tf.train.load_checkpoint(str(path / "variables" / "variables"))
    weights = [k for k in graph.get_variable_to_shape_map() if "VARIABLE_VALUE" in k]
    of_parts = sum(len(part.variables) for part in network.parts.values())
    assert len(weights) == of_parts + 1  # trained_size


def test_a_fixed_size_is_in_the_signature(network, tmp_path):
    saved_model.save(network, str(tmp_path / "1"), size=16)
    signature = tf.saved_model.load(str(tmp_path / "1")).signatures["serving_default"]
    assert signature.structured_input_signature[1]["images"].shape == [None, 16, 16, 3]
