import sys

import numpy as np
import pytest

from tf_simclr.exporting import onnx


@pytest.fixture
def extra():
    pytest.importorskip("tf2onnx")
    pytest.importorskip("onnxruntime")


def test_features_and_logits_of_any_batch_and_size(extra, network, images, tmp_path):
    onnx.save(network, str(tmp_path))
    for pictures in (images, np.tile(images, [1, 1, 2, 1])[:3]):
        found = onnx.run(str(tmp_path), pictures)
        for name, value in network.features(pictures).items():
            np.testing.assert_allclose(found[name], value, atol=1e-4)


def test_a_fixed_size_without_a_classifier(extra, network_without_classifier, images, tmp_path):
    onnx.save(network_without_classifier, str(tmp_path), size=16)
    assert set(onnx.run(str(tmp_path), images)) == {"features"}
    with pytest.raises(Exception, match="INVALID_ARGUMENT"):
        onnx.run(str(tmp_path), np.zeros([1, 17, 16, 3], np.float32))


def test_axes_are_named(extra, network, tmp_path):
    import onnx as library

    onnx.save(network, str(tmp_path))
    model = library.load(str(tmp_path / onnx.FILE))
    library.checker.check_model(model)
    shapes = {
        value.name: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.output)
    }
    assert shapes == {
        "images": ["batch", "height", "width", 3],
        "features": ["batch", 32],
        "logits": ["batch", 3],
    }


def test_without_the_extra_it_is_named(monkeypatch, network, images, tmp_path):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ValueError, match=r"pip install 'tf_simclr\[onnx\]'"):
        onnx.save(network, str(tmp_path))
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"`export_format` onnx needs .*onnxruntime"):
        onnx.run(str(tmp_path), images)
