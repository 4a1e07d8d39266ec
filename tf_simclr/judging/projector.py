"""Files for TensorBoard's projector: the test pictures, placed by their features.

https://github.com/tensorflow/tensorboard/blob/master/docs/tensorboard_projector_plugin.ipynb
"""

import math
import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from tensorboard.plugins import projector

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.features import Features
from tf_simclr.workdir.run_folder import write_atomically

MOST_PICTURES = 2000  # The browser computes the layout.
LARGEST_SIDE = 48  # pixels, of a picture: all together stay below 8192, the projector's most


def project(config: Config, data: Source, test: Features, folder: str) -> None:
    """Writes the projector's files of a test split.

    Args:
      config: of the evaluation.
      data: of the config.
      test: features [n, features] of its test split, in the split's order.
      folder: one that TensorBoard reads events from.
    """
    side = min(config.data.image_size, LARGEST_SIDE)
    count, pictures = min(len(test.vectors), MOST_PICTURES), []
    batches = build_data.evaluation_data(config, data, config.data.eval_split).unbatch()
    for record in batches.take(count):
        small = tf.image.resize(record["image"], [side, side], antialias=True)
        pictures.append(tf.image.convert_image_dtype(small, tf.uint8, saturate=True).numpy())
    write_projector(folder, test.vectors, np.stack(pictures), test.labels, data.class_names)


def write_projector(
    folder: str,
    features: np.ndarray,
    pictures: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> None:
    """Writes features.tsv, metadata.tsv, sprite.png and projector_config.pbtxt.

    Args:
      folder: one that TensorBoard reads events from.
      features: float [n, features]; at most MOST_PICTURES rows are written.
      pictures: uint8 [n, side, side, 3].
      labels: int64 [n], -1 where there is none.
      class_names: one for each class; () without classes.
    """
    side = pictures.shape[1]
    count = min(len(features), len(pictures), MOST_PICTURES)
    names = [_cell(class_names[k]) if k >= 0 else "no class" for k in labels[:count].tolist()]
    rows = ["\t".join(f"{value:.5g}" for value in row) for row in features[:count].tolist()]
    sprite = tf.io.encode_png(as_sprite(pictures[:count])).numpy()
    write_atomically(os.path.join(folder, "features.tsv"), "\n".join(rows) + "\n")
    with tf.io.gfile.GFile(os.path.join(folder, "sprite.png"), "wb") as file:
        file.write(sprite)
    config = projector.ProjectorConfig()
    embedding = config.embeddings.add()
    embedding.tensor_name = "features"
    embedding.tensor_path = "features.tsv"
    embedding.sprite.image_path = "sprite.png"
    embedding.sprite.single_image_dim.extend([side, side])
    if class_names:
        # A file of one column has no heading.
        write_atomically(os.path.join(folder, "metadata.tsv"), "\n".join(names) + "\n")
        embedding.metadata_path = "metadata.tsv"
    write_atomically(os.path.join(folder, "projector_config.pbtxt"), str(config))


def as_sprite(pictures: np.ndarray) -> np.ndarray:
    """Pictures row by row in a square, white where none is left.

    Args:
      pictures: uint8 [n, side, side, 3].

    Returns:
      uint8 [k * side, k * side, 3], with k * k >= n.
    """
    count, side = pictures.shape[:2]
    across = math.ceil(math.sqrt(count))
    white = np.full([across * across - count, side, side, 3], 255, np.uint8)
    grid = np.concatenate([pictures, white]).reshape(across, across, side, side, 3)
    return grid.transpose(0, 2, 1, 3, 4).reshape(across * side, across * side, 3)


def _cell(text: str) -> str:
    return " ".join(text.split())
