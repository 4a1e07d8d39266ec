"""The exported feature vector in a process that knows nothing of tf_simclr."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

STRANGER = """
import json, sys
import numpy as np
import tensorflow as tf
import tensorflow_hub as hub
import tf_keras as keras

path, = sys.argv[1:]
keras.utils.set_random_seed(0)
images = np.random.default_rng(0).random((16, 16, 16, 3), np.float32)
labels = np.arange(16) % 2
images[labels == 1] *= 0.5

layer = hub.KerasLayer(path, trainable=True)
model = keras.Sequential([keras.layers.InputLayer([16, 16, 3]), layer, keras.layers.Dense(2)])
before = [weight.numpy() for weight in layer.weights]
frozen = hub.KerasLayer(path)(images).numpy()
model.compile(
    keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)
losses = model.fit(images, labels, batch_size=16, epochs=12, verbose=0).history["loss"]
moved = [not np.array_equal(a, b.numpy()) for a, b in zip(before, layer.weights)]
loaded = hub.load(path)
print(json.dumps({
    "foreign": "tf_simclr" not in sys.modules,
    "trainable": len(layer.trainable_weights),
    "weights": len(layer.weights),
    "moved": sum(moved),
    "losses": losses,
    "features": frozen.tolist(),
    "any_size": loaded(tf.zeros([2, 40, 23, 3])).shape.as_list(),
    "training_differs": bool(np.abs(loaded(images, training=True) - frozen).max() > 1e-4),
}))
"""


@pytest.fixture(scope="module")
def said(trained_run, tmp_path_factory):
    """What the stranger prints."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "stranger.py").write_text(STRANGER)
    printed = subprocess.run(
        [sys.executable, "stranger.py", os.path.join(trained_run, "hub", "3")],
        cwd=elsewhere,
        env=os.environ | {"PYTHONSAFEPATH": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert printed.returncode == 0, printed.stderr
    return json.loads(printed.stdout.splitlines()[-1])


def test_it_loads_without_tf_simclr_and_has_weights_to_train(said):
    assert said["foreign"]
    # ResNet-18: a stem, 8 blocks of two convolutions, 4 shortcuts = 21, each with a norm of two.
    assert said["trainable"] == 21 + 2 * 21
    assert said["weights"] == 21 + 4 * 21


def test_fine_tuning_lowers_the_loss_and_moves_weights_and_statistics(said):
    assert said["losses"][-1] < 0.7 * said["losses"][0]
    assert said["moved"] == said["weights"]


def test_any_picture_size_and_both_modes_work(said):
    assert said["any_size"] == [2, 32]
    assert said["training_differs"]


def test_features_equal_those_of_load_encoder(trained_run, said):
    from tf_simclr import load_encoder

    images = np.random.default_rng(0).random((16, 16, 16, 3), np.float32)
    images[np.arange(16) % 2 == 1] *= 0.5
    for path in (
        trained_run,
        os.path.join(trained_run, "ckpt-3"),
        os.path.join(trained_run, "hub", "3"),
    ):
        features = load_encoder(path)(images)["final_avg_pool"]
        np.testing.assert_allclose(features, said["features"], atol=1e-5)
