"""Classifies labelled pictures with a run's own classifier or the head trained alongside."""

import numpy as np
import tensorflow as tf

from tf_simclr.assembly import build, build_data
from tf_simclr.config import Config
from tf_simclr.data.classes import place_labels
from tf_simclr.data.source import Source
from tf_simclr.evaluation.answers import Answers
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.losses.supervised import top_k_hits
from tf_simclr.nets.trainable import TrainableNet


def classify(
    config: Config, data: Source, net: TrainableNet, places: np.ndarray | None = None
) -> tuple[Answers, dict[str, float]]:
    """Classifies the eval split, or the first eval_steps batches of it.

    Args:
      config: of the run.
      data: its data, with labels.
      net: built, with a classifier.
      places: int64 [data.num_classes], the classifier's index of each class of the data, or -1 for
        one that it does not know; None is the same classes in the same order. Pictures without a
        label, or of a class at -1, are left out.

    Returns:
      The answers, in the classifier's classes, and the original's result keys. If no picture is
      judged, there are no keys.
    """
    head = net.supervised_head
    assert head is not None
    classes = head.num_classes
    places = np.arange(data.num_classes) if places is None else places
    batches = build_data.evaluation_data(config, data, config.data.eval_split)
    if config.evaluation.eval_steps:
        batches = batches.take(config.evaluation.eval_steps)

    def step(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        outputs = net(images, training=False)
        logits = outputs["logits_sup"] if isinstance(outputs, dict) else outputs
        hits = top_k_hits(logits, tf.one_hot(labels, classes), 5)
        sureness = tf.reduce_max(tf.nn.softmax(tf.cast(logits, tf.float32)), axis=1)
        # Of equal logits top_k takes the lower class, as top_k_hits does; argmax may take any.
        return tf.math.top_k(logits, 1).indices[:, 0], sureness, hits

    step, rows = over_replicas(step, net.distribute_strategy), []
    for batch in batches:
        labels = place_labels(batch["label"].numpy(), places)
        rows.append((labels, *step(batch["image"], tf.constant(labels))))
    labels, predictions, sureness, hits = (np.concatenate(column) for column in zip(*rows))
    labelled = labels >= 0
    answers = Answers(labels, predictions.astype(np.int64), sureness)
    if not labelled.any():
        return answers, {}
    build.compile_for_evaluation(config, net)
    return answers, {
        "eval/label_top_1_accuracy": float(np.mean((predictions == labels)[labelled])),
        "eval/label_top_5_accuracy": float(hits[labelled].mean()),
        "eval/regularization_loss": float(net.penalty()),
    }
