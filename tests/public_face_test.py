"""The names that users rely on; asking for one of them is what loads TensorFlow."""

import inspect
import subprocess
import sys

import pytest

import tf_simclr

NAMES = [
    *("LARS", "NTXent", "ProjectionHead", "ResNet", "SimCLR", "WarmupCosine"),
    *("load_classifier", "load_encoder", "nt_xent", "pretrain", "run", "views_of"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names_are_there_and_explained(name):
    public = getattr(tf_simclr, name)
    assert inspect.getdoc(public)
    assert public.__module__.startswith("tf_simclr.")
    assert name in dir(tf_simclr)
    assert name in tf_simclr.__all__


def test_nothing_else_is_promised():
    assert sorted(tf_simclr.__all__) == sorted([*NAMES, "__version__"])
    assert dir(tf_simclr) == sorted(tf_simclr.__all__)
    assert tf_simclr.__version__.count(".") == 2


def test_another_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'tf_simclr' has no attribute 'ResNext'"):
        tf_simclr.ResNext  # noqa: B018


def test_signatures():
    parameters = inspect.signature(tf_simclr.nt_xent).parameters
    assert list(parameters) == ["hidden", "temperature", "hidden_norm", "memory"]
    assert parameters["hidden_norm"].default is True
    assert parameters["memory"].default is None
    parameters = inspect.signature(tf_simclr.ResNet).parameters
    defaults = {"width_multiplier": 1, "sk_ratio": 0.0, "se_ratio": 0.0, "small_images": False}
    assert {name: parameters[name].default for name in defaults} == defaults
    parameters = inspect.signature(tf_simclr.LARS).parameters
    defaults = {"momentum": 0.9, "weight_decay": 0.0, "eeta": 0.001}
    assert {name: parameters[name].default for name in defaults} == defaults


@pytest.mark.parametrize("module", ["tf_simclr", "tf_simclr.main", "tf_simclr.config"])
def test_importing_does_not_load_tensorflow(module):
    code = (
        f"import sys, {module}; "
        "sys.exit(' '.join({'tensorflow', 'tf_keras', 'numpy'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
