"""Pictures survive the data file to the bit, and damage is noticed."""

import numpy as np
import pytest

from tf_simclr.data.emoji32 import codec


@pytest.mark.parametrize("count", [1, 7])
def test_round_trip(count):
    images = np.random.default_rng(count).integers(0, 256, (count, 32, 32, 3), np.uint8)
    np.testing.assert_array_equal(codec.decode(codec.encode(images), count=count), images)


@pytest.mark.parametrize("images", [np.zeros((2, 32, 32, 3)), np.zeros((2, 16, 16, 3), np.uint8)])
def test_wrong_pictures_are_refused(images):
    with pytest.raises(ValueError, match=r"`images` must be uint8.*Received: images="):
        codec.encode(images)


def test_damage_is_noticed():
    data = codec.encode(np.zeros((2, 32, 32, 3), np.uint8))
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"must hold {count} pictures.*Received: 6144 bytes"):
            codec.decode(data, count=count)
    for damaged in (b"not bzip2", data[:-8]):
        with pytest.raises(ValueError, match="not a bzip2 stream"):
            codec.decode(damaged, count=2)
