"""What a checkpoint of the original holds, and that two networks in one are not mixed up."""

import numpy as np
import pytest
import tensorflow as tf
from golden import released

from tf_simclr.architectures.head import HeadArchitecture
from tf_simclr.architectures.resnet import ResNetArchitecture
from tf_simclr.architectures.resnet_layers import Skeleton
from tf_simclr.pretrained import released as module
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names

SKELETON = Skeleton(18)


@pytest.fixture
def tensors():
    """A network by names; only the shapes that are used here are right."""
    tensors = {name: np.ones([1, 1, 4, 4]) for name in SKELETON.names().values()}
    tensors |= {name: np.ones([32, 8]) for name in head_names(2).values()}
    tensors |= {name: np.ones([32, 5]) for name in CLASSIFIER.values()}
    return tensors


def read(folder, tensors, *, averaged=False):
    prefix = released.write_tensorflow_1(folder / "model.ckpt-3", tensors)
    contents = CheckpointContents(prefix)
    return module.open_released(str(folder), prefix, contents, averaged=averaged)


def test_what_it_holds(tmp_path, tensors):
    found = read(tmp_path, tensors | {"base_model/conv2d/kernel": np.ones([7, 7, 3, 4])})
    assert found.architecture == ResNetArchitecture(
        resnet_depth=18,
        width_multiplier=4 / 512,
        sk_ratio=0.0,
        se_ratio=0.0,
        image_size=224,  # By its stem of 7 x 7.
        head=HeadArchitecture("nonlinear", 8, 2),
    )
    assert tuple(found.classifier) == (32, 5)
    assert (found.trained_size, found.settings) == (224, None)
    assert set(found.keys) == {"encoder", "projection_head", "supervised_head"}


def test_averaged_weights_are_a_network_of_their_own(tmp_path, tensors):
    averaged = {f"ema_model/{n}": value for n, value in tensors.items() if "supervised" not in n}
    found = read(tmp_path, tensors | averaged, averaged=True)
    assert set(found.keys) == {"encoder", "projection_head"}
    assert found.keys["encoder"]["stem/conv1/kernel"] == "ema_model/base_model/conv2d/kernel"
    assert found.classifier is None
    plain = read(tmp_path, tensors | averaged)
    assert plain.keys["encoder"]["stem/conv1/kernel"] == "base_model/conv2d/kernel"


def test_two_networks_in_one_checkpoint_are_refused(tmp_path, tensors):
    doubled = tensors | {"teacher/base_model/conv2d/kernel": np.ones([7, 7, 3, 4])}
    with pytest.raises(ValueError, match="must hold one network, but has base_model/conv2d/kernel"):
        read(tmp_path, doubled)


def test_another_model_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`checkpoint` needs a checkpoint that holds an encoder"):
        read(tmp_path, {"bert/encoder/dense/kernel": np.ones([3, 3])})


def test_misfits_are_named_by_role(tmp_path, tensors):
    found = read(tmp_path, tensors)
    head = {"kernel": tf.Variable(tf.ones([32, 5])), "bias": tf.Variable(tf.ones([32, 5]))}
    assert found.misfits("supervised_head", head) == []
    head |= {"kernel": tf.Variable(tf.ones([32, 7])), "scale": head.pop("bias")}
    assert found.misfits("supervised_head", head) == [
        "bias does not belong here",
        "kernel has shape [32, 5], not [32, 7]",
        "scale is missing",
    ]


@pytest.mark.parametrize(
    ("path", "layer"),
    [
        ("simclrv2/finetuned_1pct/r50_1x_sk0", 1),
        ("simclrv2/finetuned_10pct/r152_3x_sk1/", 1),
        ("simclrv2/finetuned_100pct/r50_1x_sk0", None),
        ("simclrv2/pretrained/r50_1x_sk0", None),
        ("my_finetuned_1pct_run", None),
    ],
)
def test_the_folder_tells_which_layer_is_classified(path, layer):
    assert module.classifies_from(path) == layer
