import numpy as np
import pytest

from tf_simclr.exporting.parity import parity, told


@pytest.mark.parametrize("scale", [1, 1000])
def test_differences_are_shares_of_the_largest_and_cosines_the_smallest(scale):
    expected = scale * np.array([[3.0, 4.0], [0.0, 10.0]])
    found = scale * np.array([[4.0, 3.0], [0.0, 10.0]])
    result = parity(expected, found)
    assert result.largest_difference == pytest.approx(1 / 10)
    assert result.cosine == pytest.approx(24 / 25)  # (3*4 + 4*3) / (5 * 5)


def test_the_same_is_the_same():
    table = np.random.default_rng(0).random((5, 7), np.float32)
    result = parity(table, table)
    assert (result.largest_difference, result.cosine) == (0, pytest.approx(1))


def test_a_file_is_told_by_its_size_and_by_how_near_it_is(network, images, tmp_path):
    (tmp_path / "file").write_bytes(b"0" * 2_340_000)
    features = network.features(images)["features"].numpy()
    features[0, np.argmax(features[0])] += features.max() / 100
    text = told(str(tmp_path / "file"), features, network, images)
    assert text.startswith("2.3 MB; features differ by at most 1.0e-02 of the largest, cosine at ")
