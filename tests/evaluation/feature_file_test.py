import os
import tracemalloc

import numpy as np
import pytest

from tf_simclr.evaluation.feature_file import write_features


def batches(sizes, width=3):
    random = np.random.default_rng(0)
    for size in sizes:
        yield {
            "features": random.random((size, width)).astype(np.float32),
            "labels": random.integers(-1, 5, size),
            "names": np.array([("é" * n).encode() for n in range(1, size + 1)], object),
        }


@pytest.mark.parametrize("sizes", [[4], [4, 4, 1]])
def test_columns_are_those_of_all_batches(tmp_path, sizes):
    path = str(tmp_path / "deep" / "features.npz")
    shapes = write_features(path, batches(sizes))
    found = np.load(path)  # Which refuses pickled objects.
    parts = list(batches(sizes))
    for name in ("features", "labels"):
        np.testing.assert_array_equal(found[name], np.concatenate([p[name] for p in parts]))
        assert found[name].dtype == parts[0][name].dtype
    texts = [text.decode() for part in parts for text in part["names"]]
    assert found["names"].tolist() == texts
    assert shapes == {name: found[name].shape for name in found}
    assert os.listdir(tmp_path / "deep") == ["features.npz"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = str(tmp_path / "features.npz")
    write_features(path, batches([2]))

    def broken():
        yield from batches([5])
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        write_features(path, broken())
    assert np.load(path)["labels"].shape == (2,)
    write_features(path, batches([3]))
    assert np.load(path)["labels"].shape == (3,)


def test_memory_does_not_grow_with_the_number_of_pictures(tmp_path):
    def peak(count):
        tracemalloc.start()
        write_features(str(tmp_path / "features.npz"), batches([100] * count, width=200))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # What is imported on the way is in here.
    few, many = peak(5), peak(100)  # 0.4 and 8 MB of features
    assert many < few + 2e6
