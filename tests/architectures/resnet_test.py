"""A ResNet as a value: what it makes, what fits, what it is called."""

import dataclasses

import pytest
import tensorflow as tf

from tf_simclr.architectures import resnet
from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.architectures.resnet import ResNetArchitecture
from tf_simclr.architectures.resnet_layers import Skeleton
from tf_simclr.config import Config


def made(**values):
    return architecture_of(Config.from_flat(values).flat())


@pytest.mark.parametrize(
    ("ours", "theirs", "misfits"),
    [
        ({}, {"resnet_depth": 18}, {"resnet_depth": (50, 18)}),
        ({"image_size": 96}, {}, {}),
        ({"image_size": 32}, {}, {"image_size": (32, 224)}),
        ({"image_size": 32}, {"stem": "small"}, {}),
        ({}, {"stem": "small"}, {"stem": ("auto", "small")}),
        ({"stem": "large", "image_size": 32}, {}, {}),
        ({"stem": "large"}, {"image_size": 32}, {"stem": ("large", "auto")}),
        ({"width_multiplier": 0.0625}, {"width_multiplier": 0.0626}, {}),  # The same channels.
        ({"sk_ratio": 0.0625}, {}, {"sk_ratio": (0.0625, 0.0)}),
        ({"sk_ratio": 0.01}, {"sk_ratio": 0.02}, {}),  # The mixing layer has a least width.
        ({"sk_ratio": 0.5}, {"sk_ratio": 0.25}, {"sk_ratio": (0.5, 0.25)}),
        ({"sk_ratio": 0.5, "resnet_depth": 18}, {"sk_ratio": 0.25, "resnet_depth": 18}, {}),
        ({"se_ratio": 0.25}, {"se_ratio": 0.251}, {}),
        ({"se_ratio": 0.25}, {"se_ratio": 0.5}, {"se_ratio": (0.25, 0.5)}),
        ({"proj_out_dim": 8}, {}, {"proj_out_dim": (8, 128)}),
    ],
)
def test_what_keeps_weights_from_fitting(ours, theirs, misfits):
    assert made(**ours).misfits(made(**theirs)) == misfits


@pytest.mark.parametrize("width", [25, 49, 98, 103, 2048])
def test_a_ratio_that_is_read_off_channels_gives_these_channels(width):
    """1 / 49 * 49 is less than 1 to a computer."""
    widths = width, 2 * width
    for count in range(1, width):
        channels = resnet._channels(count / width, widths, least=0)
        assert resnet._channels(resnet._ratio(channels, widths, 0), widths, 0) == channels


def test_what_is_not_known_or_not_asked_of_weights_is_not_compared():
    known = made(sk_ratio=0.0625)
    unknown = dataclasses.replace(made(proj_out_dim=8), sk_ratio=None, head=None)
    assert known.misfits(unknown) == {}
    assert not {"sk_ratio", "proj_out_dim"} & unknown.settings().keys()


@pytest.mark.parametrize(
    ("values", "stem", "selective"),
    [
        ({}, 1, False),
        ({"sk_ratio": 0.0625}, 3, True),
        ({"sk_ratio": 0.0625, "image_size": 33}, 3, True),
        ({"sk_ratio": 0.0625, "image_size": 32}, 1, True),
        ({"sk_ratio": 0.0625, "image_size": 32, "stem": "large"}, 3, True),
        ({"sk_ratio": 0.0625, "stem": "small"}, 1, True),
    ],
)
def test_selective_kernels_have_a_stem_of_three_but_not_for_small_images(values, stem, selective):
    assert made(**values).skeleton == Skeleton(50, stem, selective)


def test_the_encoder_is_of_these_values():
    values = {"resnet_depth": 10, "width_multiplier": 0.0625, "se_ratio": 0.5, "image_size": 16}
    encoder = made(**values).encoder(bn_momentum=0.5, global_bn=False)
    encoder(tf.zeros([1, 16, 16, 3]))
    told = encoder.get_config()
    expected = {"depth": 10, "width_multiplier": 0.0625, "se_ratio": 0.5, "small_images": True}
    assert expected.items() <= told.items()
    assert (told["bn_momentum"], told["global_bn"]) == (0.5, False)
    assert encoder.num_groups == ResNetArchitecture.groups == len(encoder.groups)


def test_in_words():
    small = made(resnet_depth=18, width_multiplier=0.5, image_size=32)
    assert small.title == "ResNet-18 x 0.5"
    assert small.describe() == (
        "ResNet-18 x 0.5, sk_ratio 0, se_ratio 0, a stem for small images, a nonlinear projection"
        " head of 3 layers to 128"
    )
    bare = dataclasses.replace(made(), sk_ratio=None, head=None)
    assert bare.describe() == "ResNet-50 x 1, se_ratio 0, a stem for large images"
