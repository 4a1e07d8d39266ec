"""A look at the features of a network that trains: on a few training pictures, in seconds.

The pictures come from the training split, so that nothing is chosen by what is reported.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.rank import rankme
from tf_simclr.evaluation.spread import feature_std
from tf_simclr.judging.drawn import drawn_pictures
from tf_simclr.workdir.looking import Look

PICTURES = 1000
MOST_BYTES = 2**28  # of pictures, which stay in memory
BATCH = 100
ASKED = 0.3  # Share of the pictures that kNN and the linear probe are asked about.
L2 = 0.03  # Of the linear probe: one strength, as choosing among four takes five times as long.


class Sample(NamedTuple):
    """Pictures to look at.

    Attributes:
      images: uint8 [n, size, size, 3], as evaluation sees them.
      labels: int64 [n], -1 where there is none.
    """

    images: np.ndarray
    labels: np.ndarray


def sample_size(config: Config, data: Source) -> int:
    """How many pictures are looked at."""
    room = MOST_BYTES // (3 * config.data.image_size**2)
    return max(2, min(PICTURES, data.num_examples(config.data.train_split), room))


def sample(config: Config, data: Source) -> Sample:
    """Draws pictures of the training split by the run's seed, whatever their labels."""
    drawn = drawn_pictures(config, data, sample_size(config, data))
    pictures = drawn.map(
        lambda image, label: (tf.image.convert_image_dtype(image, tf.uint8, saturate=True), label)
    )
    images, labels = zip(*pictures.as_numpy_iterator())
    return Sample(np.stack(images), np.stack(labels))


def looker(
    config: Config, data: Source, features: Callable[[tf.Tensor], np.ndarray]
) -> Callable[[], Look]:
    """A function that looks at the features as they are when it is called.

    It draws no random number and changes no weight. The pictures are read at its first call.

    Args:
      config: of the run.
      data: of the config.
      features: of float32 images [n, size, size, 3]: float [n, features].
    """
    drawn: list[Sample] = []

    def look() -> Look:
        drawn.extend([] if drawn else [sample(config, data)])
        images, labels = drawn[0]
        # Batches of one size: a last one that is shorter would be traced anew.
        batches = np.array_split(images, range(BATCH, len(images), BATCH))
        vectors = [
            np.asarray(features(tf.image.convert_image_dtype(batch, tf.float32)), np.float32)
            for batch in batches
        ]
        return look_at(np.concatenate(vectors), labels)

    return look


def look_at(vectors: np.ndarray, labels: np.ndarray) -> Look:
    """Scores features: RankMe and their spread, and by labels, if there are any, kNN and a probe.

    Args:
      vectors: float [n, features], in an order that says nothing of the labels.
      labels: int64 [n], -1 where there is none.

    Returns:
      A Look. Features that are not finite have no scores.
    """
    if not np.isfinite(vectors).all():
        return Look({}, vectors.shape[1])
    scores = {"rankme": rankme(vectors), "feature_std": feature_std(vectors)}
    vectors, labels = vectors[labels >= 0], labels[labels >= 0]
    asked = round(ASKED * len(labels))
    known, shown = vectors[asked:], labels[asked:]
    # The probe cannot be asked about a class that it was not shown.
    fair = np.isin(labels[:asked], shown)
    if fair.any() and len(np.unique(shown)) > 1:
        test, truth = vectors[:asked][fair], labels[:asked][fair]
        scores["knn_top1"] = knn(known, shown, test, truth)
        scores["linear_probe_top1"] = linear_probe(known, shown, test, truth, l2=[L2]).top1
    return Look(scores, known.shape[1])
