"""Parameters of the encoders in SimCLRv2's table 1 (arXiv 2006.10029), none of them allocated.

The paper's column is the encoder alone: no projection head, no classifier, and the moving averages
of batch norm among the parameters. Without these 152 2x is 232.3 and 152 2x+SK 353.4 million, which
are not the paper's 233 and 354; with a linear classifier of 1,000 classes 50 1x is 25.6, not 24.
"""

import pytest
import tensorflow as tf

from tf_simclr.nets.resnet import BLOCKS, ResNet

SK_RATIO = 0.0625
DEPTHS = (50, 101, 152)
# (width multiplier, selective kernels) -> millions of parameters at each of DEPTHS.
TABLE_1 = {
    (1, False): (24, 43, 58),
    (1, True): (35, 65, 89),
    (2, False): (94, 170, 233),
    (2, True): (140, 257, 354),
    (3, True): (None, None, 795),
}


@pytest.fixture(autouse=True, scope="module")
def layers_are_of_tensorflow_2_again():
    """In a graph Keras changes the bases of its layers to TensorFlow 1's, also of living ones."""
    yield
    ResNet(18, width_multiplier=0.0625, sk_ratio=SK_RATIO)(tf.zeros([1, 32, 32, 3]))


@tf.autograph.experimental.do_not_convert
def described(depth, width, **ratios):
    """An encoder in a graph that never runs: its variables have shapes and no memory."""
    with tf.Graph().as_default():
        net = ResNet(depth, width_multiplier=width, **ratios)
        net(tf.zeros([1, 32, 32, 3]))
    return net


def parameters(layer):
    return sum(variable.shape.num_elements() for variable in layer.variables)


@pytest.mark.parametrize(("width", "kernels"), TABLE_1)
def test_encoders_are_as_large_as_the_papers(monkeypatch, width, kernels):
    # Blocks of a group are alike but for the first: two of each tell the size of every depth.
    blocks = {depth: BLOCKS[depth] for depth in DEPTHS}
    monkeypatch.setitem(BLOCKS, 50, (2, 2, 2, 2))
    net = described(50, width, sk_ratio=SK_RATIO * kernels)
    sizes = [[parameters(block) for block in group.blocks] for group in net.groups]
    for depth, millions in zip(DEPTHS, TABLE_1[width, kernels]):
        counts = zip(sizes, blocks[depth])
        total = parameters(net.stem) + sum(a + (number - 1) * b for (a, b), number in counts)
        if millions is not None:
            assert round(total / 1e6) == millions, depth


@pytest.mark.parametrize(
    ("depth", "width", "kernels", "millions"), [(50, 1, False, 24), (152, 3, True, 795)]
)
def test_whole_encoders_are_as_large_as_the_papers(depth, width, kernels, millions):
    net = described(depth, width, sk_ratio=SK_RATIO * kernels)
    assert round(parameters(net) / 1e6) == millions


@pytest.mark.parametrize(
    # 4 * int(512 * .1) = 204; 4 * 512 * 3 = 6144
    ("blocks", "width", "features"),
    [((3, 24, 36, 3), 0.1, 204), ((1, 1, 1, 1), 3, 6144)],
    ids=["whole", "short"],  # More blocks of another width need seconds and tell nothing new.
)
def test_the_deepest_encoder_takes_any_width_with_all_that_can_be_added(
    monkeypatch, blocks, width, features
):
    assert BLOCKS[200] == (3, 24, 36, 3)
    monkeypatch.setitem(BLOCKS, 200, blocks)
    net = described(200, width, sk_ratio=SK_RATIO, se_ratio=0.25)
    last = net.groups[-1].blocks[-1]
    assert last.se.expand.kernel.shape == (1, 1, int(features // 4 * 0.25), features)
    assert last.sk.expand_conv.kernel.shape[-1] == 2 * features // 4  # Two streams.
    assert net.num_features == features
