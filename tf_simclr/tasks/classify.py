"""What a run's own classifier, or the linear head trained beside, says of labelled pictures."""

import numpy as np
import tensorflow as tf

from tf_simclr import build, build_data
from tf_simclr.config import Config
from tf_simclr.data.sources import Source
from tf_simclr.evaluation.confusion import confusion_matrix, top1_accuracy
from tf_simclr.losses.supervised import top_k_hits
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.simclr import SimCLR


def classify(
    config: Config, data: Source, net: SimCLR | Classifier
) -> tuple[np.ndarray, dict[str, float]]:
    """Classifies the eval split, or the first eval_steps batches of it.

    Args:
      config: of the run.
      data: its data, with labels.
      net: built, with a classifier of data.num_classes.

    Returns:
      int64 [classes, classes], of labelled pictures the true class, then the predicted one; and the
      original's result keys, of which top-1 is the matrix's share on its diagonal.
    """
    batches = build_data.evaluation_data(config, data, config.data.eval_split)
    if config.evaluation.eval_steps:
        batches = batches.take(config.evaluation.eval_steps)

    @tf.function(autograph=False, reduce_retracing=True)
    def step(images, labels):
        outputs = net(images, training=False)
        logits = outputs["logits_sup"] if isinstance(outputs, dict) else outputs
        hits = top_k_hits(logits, tf.one_hot(labels, data.num_classes), 5)
        # As top_k_hits does, of equal logits it takes the lower class; argmax promises nothing.
        return tf.math.top_k(logits, 1).indices[:, 0], hits

    rows = [(batch["label"], *step(batch["image"], batch["label"])) for batch in batches]
    labels, predictions, hits = (np.concatenate(column) for column in zip(*rows))
    matrix = confusion_matrix(labels, predictions, classes=data.num_classes)
    build.compile_for_evaluation(config, net)
    labelled = labels >= 0
    scores = {
        "eval/label_top_1_accuracy": top1_accuracy(matrix),
        "eval/label_top_5_accuracy": float(hits[labelled].sum() / max(1, labelled.sum())),
        "eval/regularization_loss": float(net.penalty()),
    }
    return matrix, scores
