"""What a config's model is made of."""

import pytest

from tf_simclr import build
from tf_simclr.config import Config

TINY = {"resnet_depth": 10, "width_multiplier": 0.0625, "image_size": 16, "proj_out_dim": 8}


@pytest.mark.parametrize("wanted", [True, False])
def test_the_linear_head_is_there_where_it_is_wanted(wanted):
    config = Config.from_flat({**TINY, "lineareval_while_pretraining": wanted})
    net = build.model(config, num_classes=3)
    assert (net.supervised_head is not None) == wanted
    assert net.num_classes == (3 if wanted else 0)
