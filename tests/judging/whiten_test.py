"""Which pictures a whitening is fitted on."""

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.judging import whiten


def test_training_pictures_with_and_without_labels_are_whitened(picture_folder, monkeypatch):
    monkeypatch.setattr(whiten, "BATCH", 5)
    flags = {"dataset": "image_folder", "data_dir": picture_folder, "image_size": 16}
    config = Config.from_flat(flags)
    data, seen = build_data.source(config), []

    def thumbnails(images):
        seen.append(images.shape)
        return tf.reshape(tf.image.resize(images, [2, 2]), [len(images), 12])

    made = whiten.whitening_of(config, data, thumbnails)
    count = data.num_examples("train")
    assert [shape[0] for shape in seen] == [5] * (count // 5) + [count % 5] * (count % 5 > 0)
    assert {shape[1:] for shape in seen} == {(16, 16, 3)}
    batches = build_data.evaluation_data(config, data, "train")
    vectors = np.concatenate([thumbnails(batch["image"]) for batch in batches])
    np.testing.assert_allclose(made.mean, vectors.mean(axis=0), atol=1e-6)
    assert abs(made(vectors)[:, 0].std() - 1) < 1e-3

    monkeypatch.setattr(whiten, "PICTURES", 7)
    seen.clear()
    whiten.whitening_of(config, data, thumbnails)
    assert [shape[0] for shape in seen] == [5, 2]
