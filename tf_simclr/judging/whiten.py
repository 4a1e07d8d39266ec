"""The whitening of a trained network's pyramid."""

import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation import whitening
from tf_simclr.evaluation.features import Network, extract
from tf_simclr.judging.drawn import drawn_pictures

PICTURES = 5000  # Enough for the 1,024 directions that are kept.
BATCH = 100


def whitening_of(config: Config, data: Source, pyramid: Network) -> whitening.Whitening:
    """Fits a whitening on training pictures, without their labels.

    Args:
      config: of the run.
      data: of the config.
      pyramid: of images float32 [n, size, size, 3]: float [n, features].

    Raises:
      ValueError: for fewer than two pictures, or if all have the same features.
    """
    pictures = drawn_pictures(config, data, PICTURES).batch(BATCH).prefetch(tf.data.AUTOTUNE)
    batches = pictures.map(lambda images, labels: {"image": images, "label": labels})
    found = extract({"pyramid": pyramid}, batches, limit=PICTURES)
    return whitening.fit(found["pyramid"].vectors)
