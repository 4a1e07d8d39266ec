"""What the clients in conformance/clients_test.py do not ask for."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from tf_simclr.exporting import hub_module
from tf_simclr.nets.layers import EPSILON


def save(network, folder, size=None):
    side = size or 16

    def read_picture(encoded):
        return tf.ensure_shape(tf.io.decode_png(encoded, 3) / 255, [side, side, 3])

    hub_module.save(network, str(folder), size=size, read_picture=read_picture)
    return tf.saved_model.load(str(folder))


@pytest.fixture(scope="module")
def module(network, tmp_path_factory):
    return save(network, tmp_path_factory.mktemp("module") / "1")


def test_training_follows_the_batch_at_the_pace_it_was_trained_with(network, tmp_path, images):
    module = save(network, tmp_path / "1")
    mean, variance = (
        next(v for v in module.variables if name in v.name) for name in ("mean", "variance")
    )
    before = mean.numpy(), variance.numpy()
    stem = module.endpoints(images)["initial_conv"].numpy()  # Before its norm.
    module(images, training=True)
    axes = (0, 1, 2)
    np.testing.assert_allclose(mean, 0.8 * before[0] + 0.2 * stem.mean(axes), atol=1e-6)
    np.testing.assert_allclose(variance, 0.8 * before[1] + 0.2 * stem.var(axes), atol=1e-6)


def test_it_says_what_size_it_was_trained_on(module):
    assert int(module.trained_size) == 16
    assert all(variable is not module.trained_size for variable in module.variables)


def test_exporting_leaves_the_network_as_it_was(network, module, images):
    assert {norm.momentum for norm in network.norms} == {0.8}
    np.testing.assert_array_equal(network.encoder(images)["final_avg_pool"].shape, [4, 32])


def test_the_classifier_reads_its_layer_and_no_more_of_the_head(network, module, images):
    projections = network.projection_head(network.encoder(images)["final_avg_pool"])
    expected = network.supervised_head(projections[1])
    np.testing.assert_allclose(module.classify(images), expected, atol=1e-5)
    # Encoder, the first of three layers of the head, and kernel and bias of the classifier.
    assert len(module.classify.trainable_variables) == len(module.trainable_variables) + 3 + 2


def test_a_classifier_of_the_pyramid_is_saved_with_its_norm(network_of_pyramid, tmp_path, images):
    network = network_of_pyramid
    module = save(network, tmp_path / "1")
    expected = network.supervised_head(network.encoder(images)["pyramid"])
    for logits in (module.classify(images), module.endpoints(images)["logits_sup"]):
        np.testing.assert_allclose(logits, expected, atol=1e-5)
    np.testing.assert_allclose(network.features(images)["logits"], expected, atol=1e-5)
    assert len(module.classify.trainable_variables) == len(module.trainable_variables) + 2
    # In training it is that of the batch, which its averages follow.
    features = network.encoder(images, training=True)["pyramid"].numpy()
    standard = (features - features.mean(axis=0)) / np.sqrt(features.var(axis=0) + EPSILON)
    logits = module.classify(images, training=True)
    kernel, bias = network.supervised_head.trainable_variables
    np.testing.assert_allclose(logits, standard @ kernel + bias, rtol=1e-3, atol=1e-3)
    mean = next(v for v in module.classify.variables if v.name.endswith("norm/moving_mean:0"))
    np.testing.assert_allclose(mean, 0.2 * features.mean(axis=0), atol=1e-5)


def test_project_gives_the_last_layer_of_the_projection_head(network, module, images):
    expected = network.projection_head(network.encoder(images)["final_avg_pool"])[-1]
    np.testing.assert_allclose(module.project(images), expected, atol=1e-5)


def test_probabilities_of_pictures_sum_to_1(module, images):
    served = module.signatures["classify"](images=tf.constant(images))
    np.testing.assert_allclose(np.sum(served["probabilities"], axis=1), np.ones(4), atol=1e-6)
    np.testing.assert_allclose(served["logits"], module.classify(images), atol=1e-6)


def test_the_network_is_in_the_file_once_for_each_mode(network, tmp_path):
    save(network, tmp_path / "1")
    content = saved_model_pb2.SavedModel.FromString((tmp_path / "1/saved_model.pb").read_bytes())
    functions = content.meta_graphs[0].graph_def.library.function
    convolutions = [sum(node.op == "Conv2D" for node in f.node_def) for f in functions]
    assert [count for count in convolutions if count] == [13, 13]  # ResNet-10, twice


def test_without_a_classifier_nothing_classifies(network_without_classifier, tmp_path):
    module = save(network_without_classifier, tmp_path / "1")
    assert not hasattr(module, "classify")
    assert set(module.signatures) == {"serving_default", "serving_bytes"}
    picture = tf.io.encode_png(tf.zeros([16, 16, 3], tf.uint8))[None]
    assert set(module.signatures["serving_bytes"](image_bytes=picture)) == {"features"}


@pytest.mark.parametrize("size", [16, 24])
def test_a_fixed_size_is_the_only_one_that_is_taken(network, tmp_path, size):
    module = save(network, tmp_path / "1", size=size)
    assert module(tf.zeros([1, size, size, 3])).shape == [1, 32]
    with pytest.raises((ValueError, TypeError)):
        module(tf.zeros([1, size + 1, size, 3]))
