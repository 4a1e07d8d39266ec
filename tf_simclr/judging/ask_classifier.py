"""A run's own classifier, evaluated on data of which it knows some or all classes."""

import dataclasses
from typing import Any

import numpy as np

from tf_simclr.config import Config
from tf_simclr.data.classes import NO_NAMES, listed, places_by_name
from tf_simclr.data.source import Source
from tf_simclr.evaluation.answers import Answers
from tf_simclr.evaluation.confusion import confusion_matrix
from tf_simclr.judging.classify import classify
from tf_simclr.nets.trainable import TrainableNet
from tf_simclr.pretrained.checkpoint_contents import CheckpointContents
from tf_simclr.workdir import run_folder
from tf_simclr.workdir.dataset_facts import class_names_at
from tf_simclr.workdir.subject import known_labels


@dataclasses.dataclass(frozen=True)
class Classified:
    """A classifier's results on labelled pictures.

    Attributes:
      title: what the classifier is called.
      answers: picture by picture, in the order of the judged split.
      matrix: int64 [classes, classes], the true class, then the predicted one.
      class_names: of the classes that it knows, in the order of its logits.
      scores: the original's result keys.
      left_out: classes of the data that it does not know.
    """

    title: str
    answers: Answers
    matrix: np.ndarray
    class_names: tuple[str, ...]
    scores: dict[str, float]
    left_out: tuple[str, ...] = ()

    @property
    def judged_on(self) -> str:
        """In words: "24 labelled test pictures", or only those of classes that it knows."""
        count = f"{self.matrix.sum():,}"
        if not self.left_out:
            return f"{count} labelled test pictures"
        return f"{count} test pictures whose class it knows, without {listed(self.left_out)}"


def told_of(classified: Classified) -> dict[str, Any]:
    """A classifier's part of result.json: scores, number of pictures, and classes left out.

    Args:
      classified: its results.
    """
    left_out = {"eval/left_out": list(classified.left_out)} if classified.left_out else {}
    return {**classified.scores, "eval/pictures": int(classified.matrix.sum()), **left_out}


def ask_classifier(
    config: Config, data: Source, net: TrainableNet, title: str
) -> Classified | None:
    """Judges the run's classifier on the pictures of classes that it knows by name.

    Args:
      config: of the evaluation.
      data: with labels.
      net: the run's network, with a classifier.
      title: what the classifier is called.

    Returns:
      None if there is nothing to judge it on; a printed line says why.
    """
    model_dir = run_folder.require_model_dir(config)
    knew = _of_other_labels(config, model_dir)
    if knew:
        print(f"{title}: left out, as it was trained with other labels ({knew}).")
        return None
    assert net.supervised_head is not None
    classes, theirs = net.supervised_head.num_classes, class_names_at(model_dir)
    if not theirs:
        if classes != data.num_classes:
            print(f"{title}: left out, as it has {classes} classes, the data {data.num_classes}.")
            return None
        print(f"{title}: the run {NO_NAMES}.")
        theirs = data.class_names
    places = places_by_name(data.class_names, theirs)
    unknown = [name for name, place in zip(data.class_names, places) if place < 0]
    if unknown:
        print(
            f"{title}: knows {listed(theirs)}, and is not judged on pictures of {listed(unknown)}."
        )
    if len(unknown) == len(places):
        return None
    answers, scores = classify(config, data, net, places)
    if not scores:
        return None
    matrix = confusion_matrix(answers.labels, answers.predictions, classes=classes)
    return Classified(title, answers, matrix, theirs, scores, tuple(unknown))


def classes_in(prefix: str) -> int:
    """The number of classes of a checkpoint's classifier; 0 if it has none."""
    kernel = CheckpointContents(prefix).shape("supervised_head", "kernel")
    return kernel[-1] if kernel else 0


def _of_other_labels(config: Config, model_dir: str) -> str:
    """The labels that the classifier learned from, if the evaluation chooses others; else ""."""
    trained = run_folder.read_settings(model_dir)
    knew, chosen = known_labels(trained) if trained else "", known_labels(config)
    return (knew or "all") if chosen not in ("", knew) else ""
