import sys

import numpy as np
import pytest

from tf_simclr.exporting import lite

pytest.importorskip("ai_edge_litert")


@pytest.fixture(scope="module")
def folder(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lite")
    pictures = np.random.default_rng(0).random((20, 16, 16, 3), np.float32)
    lite.save(network, str(folder), size=16, pictures=pictures)
    return folder


def test_float32_gives_the_networks_features_and_logits(folder, network, images):
    for count in (4, 1):
        found = lite.run(str(folder / lite.FLOAT), images[:count])
        expected = network.features(images[:count])
        assert set(found) == set(expected) == {"features", "logits"}
        for name, value in expected.items():
            np.testing.assert_allclose(found[name], value, atol=1e-4)


def test_int8_gives_float32_near_them(folder, network, images):
    found = lite.run(str(folder / lite.INT8), images)["features"]
    expected = network.features(images)["features"].numpy()
    assert found.dtype == np.float32
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((found * expected).sum(1) / lengths).min() >= 0.98
    assert np.abs(found - expected).max() > 1e-4  # It is another network.


def test_weights_of_int8_are_eight_bits_wide(folder, network):
    weights = sum(int(np.prod(v.shape)) for p in network.parts.values() for v in p.variables)
    small, whole = ((folder / name).stat().st_size for name in (lite.INT8, lite.FLOAT))
    assert whole > 4 * weights * 0.9  # Folded norms save a little.
    assert whole - small > 2 * weights


def test_without_the_extra_it_is_named(monkeypatch, folder, images):
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ValueError, match=r"pip install 'tf_simclr\[lite\]'"):
        lite.run(str(folder / lite.FLOAT), images)
