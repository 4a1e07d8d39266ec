"""A network is recognised by the names of its variables; missing ones are reported."""

import pytest

from tf_simclr.architectures.resnet_layers import Skeleton, skeletons
from tf_simclr.pretrained import recognition
from tf_simclr.pretrained.recognition import recognise
from tf_simclr.pretrained.released_names import CLASSIFIER, head_names

SKELETONS = list(skeletons())
R18 = Skeleton(18)


@pytest.mark.parametrize("skeleton", SKELETONS, ids=str)
def test_every_network_is_told_from_all_others(skeleton):
    assert recognise(skeleton.names().values()) == skeleton


@pytest.mark.parametrize(
    "missing",
    [
        ["base_model/conv2d_7/kernel"],
        ["base_model/conv2d_20/kernel"],  # the last
        ["base_model/batch_normalization_3/moving_mean", "base_model/batch_normalization_4/beta"],
    ],
)
def test_missing_variables_are_named(missing):
    names = set(R18.names().values()) - set(missing)
    with pytest.raises(ValueError, match="of a ResNet-18, the closest network") as caught:
        recognise(names)
    assert f"lacks {len(missing)} variables" in str(caught.value)
    assert str(caught.value).endswith(", ".join(missing))


def test_a_long_list_is_cut():
    names = [name for name in R18.names().values() if not name.endswith("beta")]
    with pytest.raises(ValueError, match=r"lacks 21 variables .* and 16 more$"):
        recognise(names)


def test_variables_of_another_kind_of_network_are_named():
    names = [*R18.names().values(), "base_model/conv2d_21/bias"]
    with pytest.raises(ValueError, match="has 1 not in a ResNet-18, .*: base_model/conv2d_21/bias"):
        recognise(names)


@pytest.mark.parametrize(("layers", "linear"), [(0, False), (1, False), (3, False), (1, True)])
def test_layers_of_a_projection_head_are_counted(layers, linear):
    names = head_names(layers, linear=linear).values()
    assert recognition.head_layers(names) == (layers, linear)


def test_a_projection_head_must_be_complete():
    names = set(head_names(3).values()) - {"head_contrastive/nl_1/dense/kernel"}
    with pytest.raises(ValueError, match="lacks 1 variables of a projection head of 3 layers"):
        recognition.head_layers(names)


def test_a_classifier_must_be_complete():
    assert recognition.has_classifier(CLASSIFIER.values())
    assert not recognition.has_classifier([])
    with pytest.raises(ValueError, match="lacks 1 variables of a classifier: .*/bias"):
        recognition.has_classifier([CLASSIFIER["kernel"]])
