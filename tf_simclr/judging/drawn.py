"""Pictures drawn from the training split, as evaluation sees them."""

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.source import Source


def drawn_pictures(config: Config, data: Source, count: int) -> tf.data.Dataset:
    """Draws pictures by the run's seed, whatever their labels.

    Args:
      config: of the run.
      data: of the config.
      count: how many, at most.

    Returns:
      Elements of (float32 [size, size, 3] in [0, 1], int64 label, -1 where there is none).
    """
    split = config.data.train_split
    random = np.random.default_rng(config.run.seed)
    places = np.sort(random.permutation(data.num_examples(split))[:count])
    share = data.share_at(split, places)
    view = build_data.evaluation_view(config)

    @tf.autograph.experimental.do_not_convert
    def example(record: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        return view(data.decode(record["image"])), record["label"]

    drawn = len(places)  # Shuffled records begin again after the last.
    records = share.shuffled(seed=config.run.seed, start=0, window=drawn).take(drawn)
    return records.map(share.parse).map(example)
