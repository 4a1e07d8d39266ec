"""What the installation beside tensorflow-tpu can do on a CPU: `make test-tpu-install` runs this.

The interpreter is that of a fresh environment. It shows that no package has laid another TensorFlow
over the one for TPUs, trains two steps by the installed command, with exports, and passes the core
of the suite.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
from importlib import metadata

ROOT = pathlib.Path(__file__).parents[2]
# The core of the suite, below tests/: what a TensorFlow of another build may do otherwise.
CORE = (
    "data/",
    "losses/",
    "nets/",
    "optim/",
    "assembly/build_data_test.py",
    "assembly/build_test.py",
    "host_xla_test.py",
    "tasks/train_test.py",
    "tpu_test.py",
)
# Tests that compile for the host on purpose, which is what this TensorFlow cannot.
BY_XLA = ("jit_compile", "test_xla_compiles_it", "test_xla_computes", "test_nothing_is_as_large")
RUN = (
    *("--dataset=emoji32", "--image_size=32", "--resnet_depth=10", "--width_multiplier=0.125"),
    *("--train_batch_size=8", "--train_steps=2", "--warmup_epochs=0"),
)
LOAD = """
import sys, tensorflow as tf
features = tf.saved_model.load(sys.argv[1])(tf.ones([3, 32, 32, 3]))
assert features.shape[0] == 3 and tf.reduce_all(tf.math.is_finite(features))
"""
PROBE = "from tf_simclr import host_xla, tpu; print(tpu.made_for_tpus(), host_xla.compiles())"


def python(*arguments: str, **options) -> subprocess.CompletedProcess:
    """Runs this interpreter with arguments. Raises CalledProcessError if it fails."""
    env = os.environ | {
        "TF_CPP_MIN_LOG_LEVEL": "3"
    }  # Else it tells at length that there is no TPU.
    return subprocess.run([sys.executable, *arguments], check=True, text=True, env=env, **options)


def check_packages() -> None:
    """TensorFlow is tensorflow-tpu's alone, and nothing else that a package needs is missing."""
    (distribution,) = metadata.packages_distributions()["tensorflow"]
    assert distribution.replace("_", "-") == "tensorflow-tpu"
    # Whether XLA has the CPU in these wheels: if it ever has, plain functions are needed no longer.
    assert python("-c", PROBE, stdout=subprocess.PIPE).stdout.split() == ["True", "False"]
    command = [sys.executable, "-m", "pip", "check"]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout
    missing = " requires tensorflow, which is not installed."  # It goes by another name.
    assert [line for line in said.splitlines() if not line.endswith(missing)] == []


def check_run() -> None:
    """Two steps, with views made on the host and on the device; what is exported can be called."""
    command = os.path.join(os.path.dirname(sys.executable), "tf-simclr")
    for place in ("host", "device"):
        with tempfile.TemporaryDirectory() as folder:
            flags = [*RUN, f"--augment_on={place}", f"--model_dir={folder}/run"]
            subprocess.run([command, *flags], cwd=folder, check=True)
            python("-c", LOAD, f"{folder}/run/hub/2", cwd=folder)


def check_suite() -> None:
    """The core of the suite passes, but for BY_XLA and what `make test-fast` leaves out."""
    files = [f"tests/{name}" for name in CORE]
    options = ["-p", "no:cacheprovider", "-m", "not slow", "-k", f"not ({' or '.join(BY_XLA)})"]
    python("-m", "pytest", *options, *files, cwd=ROOT)


if __name__ == "__main__":
    check_packages()
    check_run()
    check_suite()
