"""Exports cross between the two lanes: made by TensorFlow 2.15 and used by 2.21, and back.

Run by `make test-addons`, after `make test` has made the other environment.
"""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr import load_encoder
from tf_simclr.main import main

ROOT = pathlib.Path(__file__).parents[2]
OTHER = ROOT / ".venv" / "bin" / "python"
# What the other interpreter does with an export: loads it, trains it, and says what it gives.
USE = """
import sys
import numpy as np
import tensorflow as tf

path, given, found = sys.argv[1:]
images = np.load(given)
module = tf.saved_model.load(path)
features = module(images)
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(module(images, training=True) ** 2)
gradients = tape.gradient(loss, module.trainable_variables)
assert all(gradient is not None for gradient in gradients) and len(gradients) == 3 * 13
assert "tf_simclr" not in sys.modules
np.savez(found, features=features, version=tf.__version__)
"""

pytestmark = pytest.mark.skipif(
    not OTHER.exists() or OTHER.parent == pathlib.Path(sys.executable).parent,
    reason="needs to run in one lane beside the environment of the other",
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    path = tmp_path_factory.mktemp("images") / "images.npy"
    # 16 of them: oneDNN writes past its memory where a network this narrow trains on an odd batch.
    np.save(path, np.random.default_rng(0).random((16, 16, 16, 3), np.float32))
    return path


def in_the_other(*command):
    environment = {name: value for name, value in os.environ.items() if "KERAS" not in name}
    done = subprocess.run(
        [OTHER, *command], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_made_here_is_used_there(trained_run, images, tmp_path):
    assert main(["tf-simclr", "--mode=export", f"--model_dir={trained_run}",
                 f"--output={tmp_path / 'out'}"]) == 0  # fmt: skip
    in_the_other("-c", USE, tmp_path / "out", images, tmp_path / "found.npz")
    found = np.load(tmp_path / "found.npz")
    assert found["version"] != tf.__version__
    expected = load_encoder(trained_run)(np.load(images))["final_avg_pool"]
    np.testing.assert_allclose(found["features"], expected, atol=1e-5)


def test_what_is_made_there_is_used_here(trained_run, images, tmp_path):
    in_the_other("-m", "export.hub_module", f"--model_dir={trained_run}",
                 f"--output={tmp_path / 'out'}")  # fmt: skip
    subprocess.run(
        [sys.executable, "-c", USE, tmp_path / "out", images, tmp_path / "found.npz"], check=True
    )
    found = np.load(tmp_path / "found.npz")
    assert found["version"] == tf.__version__
    expected = load_encoder(trained_run)(np.load(images))["final_avg_pool"]
    np.testing.assert_allclose(found["features"], expected, atol=1e-5)
