"""The pair head against a loop over pairs in NumPy, and what its norms leave out."""

import numpy as np
import pytest
import tensorflow as tf
import tf_keras as keras

from tf_simclr.nets.layers import BatchNorm
from tf_simclr.nets.pair_head import PairHead

EPSILON = 1e-5
SIZES = [(3, 9, 4, None), (5, 5, 6, 3)]  # batch, patches, features, width


def hidden_of(batch, patches, features):
    random = np.random.default_rng(batch)
    return random.standard_normal((batch, patches, features)).astype(np.float32)


def normalised(rows):
    return (rows - rows.mean(0)) / np.sqrt(rows.var(0) + EPSILON)


@pytest.mark.parametrize(("batch", "patches", "features", "width"), SIZES)
def test_each_neighbour_is_compared_with_the_centre(batch, patches, features, width):
    """Figure 3 of arXiv 1505.05192: fc6 for each patch; fc7, fc8, fc9 for two of them together."""
    head, hidden = PairHead(width=width), hidden_of(batch, patches, features)
    logits = head(hidden, training=True)
    of_patch, of_pair = (layer.kernel.numpy() for layer in (head.of_patch, head.of_pair))
    assert of_patch.shape == (features, width or features)
    each = np.maximum(0, normalised(hidden.reshape(-1, features) @ of_patch))
    each = each.reshape(batch, patches, -1)
    pairs = np.array([np.concatenate([rows[0], one]) for rows in each for one in rows[1:]])
    pairs = np.maximum(0, normalised(pairs @ of_pair))
    pairs = np.maximum(0, pairs @ head.hidden.kernel.numpy() + head.hidden.bias.numpy())
    expected = pairs @ head.logits.kernel.numpy() + head.logits.bias.numpy()
    expected = expected.reshape(batch, patches - 1, patches - 1)
    np.testing.assert_allclose(logits, expected, atol=1e-4)


def test_its_norms_have_neither_scale_nor_shift():
    head = PairHead()
    head(hidden_of(2, 9, 4))
    norms = [layer for layer in head.submodules if isinstance(layer, BatchNorm)]
    assert len(norms) == 2
    assert [weight for norm in norms for weight in norm.trainable_weights] == []


def test_half_precision_keeps_its_statistics_in_float32():
    head = PairHead(dtype=keras.mixed_precision.Policy("mixed_bfloat16"))
    assert head(hidden_of(2, 9, 4), training=True).dtype == tf.bfloat16
    assert head.patch_norm.moving_variance.dtype == tf.float32


def test_its_config_makes_the_same_head():
    head = PairHead(width=3, bn_momentum=0.5, global_bn=False)
    copy = PairHead.from_config(head.get_config())
    assert copy.get_config() == head.get_config()
    assert (copy.width, copy.bn_momentum, copy.global_bn) == (3, 0.5, False)


def test_a_width_below_1_is_an_error():
    with pytest.raises(ValueError, match="`width` must be at least 1. Received: width=0"):
        PairHead(width=0)
