"""The linear head of a trained network, fitted to pictures as they are judged."""

import numpy as np
import tensorflow as tf

from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.features import extract
from tf_simclr.evaluation.linear_classifier import LinearClassifier, fit
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.judging.judge import judged_batches
from tf_simclr.nets.simclr import SimCLR


def linear_head(
    config: Config, data: Source, net: SimCLR, strategy: tf.distribute.Strategy
) -> LinearClassifier:
    """Fits a classifier to the layer that the head reads, of labelled training pictures.

    The head that was trained alongside knows features of views. Where these are of another size
    than the pictures that are judged, it is wrong about many of those.

    Args:
      config: of the run.
      data: of the config.
      net: trained, with a linear head.
      strategy: in whose scope `net` was made.

    Raises:
      ValueError: if the labelled training pictures are of fewer than two classes.
    """
    found = extract(
        {"read": over_replicas(net.read, strategy)},
        judged_batches(config, data, config.data.train_split, labelled=True),
        limit=config.evaluation.judge_examples,
    )["read"]
    known = found.labels >= 0
    if len(np.unique(found.labels[known])) < 2:
        raise ValueError(
            "It needs labelled pictures of two classes. Received: of"
            f" {len(np.unique(found.labels[known]))}."
        )
    identities = None if found.identities is None else found.identities[known]
    fitted = fit(found.vectors[known], found.labels[known], identities=identities)
    assert net.supervised_head is not None
    return fitted.linear(net.supervised_head.num_classes)
