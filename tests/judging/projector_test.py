"""TensorBoard's own reader finds what is written for its projector."""

import os

import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.plugins import projector as plugin

from tf_simclr.judging import projector


@pytest.mark.parametrize(("count", "side", "across"), [(4, 3, 2), (7, 5, 3)])
def test_pictures_are_laid_out_row_by_row_on_white(count, side, across):
    pictures = np.random.default_rng(0).integers(0, 255, (count, side, side, 3), np.uint8)
    sprite = projector.as_sprite(pictures)
    assert sprite.shape == (across * side, across * side, 3)
    for n in range(across * across):
        row, column = divmod(n, across)
        place = sprite[row * side : (row + 1) * side, column * side : (column + 1) * side]
        np.testing.assert_array_equal(place, pictures[n] if n < count else 255)


@pytest.mark.parametrize("class_names", [("cat", "two\twords\n"), ()])
def test_the_files_belong_together(tmp_path, class_names, monkeypatch):
    monkeypatch.setattr(projector, "MOST_PICTURES", 5)
    features = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    labels = np.array([0, 1, -1, 0, 1, 1]) if class_names else np.full(6, -1)
    pictures = np.zeros((6, 4, 4, 3), np.uint8)
    projector.write_projector(str(tmp_path), features, pictures, labels, class_names)
    config = plugin.ProjectorConfig()
    text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), config)
    (embedding,) = config.embeddings
    table = np.loadtxt(tmp_path / embedding.tensor_path, delimiter="\t")
    np.testing.assert_allclose(table, features[:5], rtol=1e-4)
    assert list(embedding.sprite.single_image_dim) == [4, 4]
    image = tf.io.read_file(os.path.join(tmp_path, embedding.sprite.image_path))
    assert tf.io.decode_png(image).shape == (12, 12, 3)
    if class_names:
        names = (tmp_path / embedding.metadata_path).read_text().splitlines()
        assert names == ["cat", "two words", "no class", "cat", "two words"]
    else:
        assert not embedding.metadata_path
