"""Loads a trained classifier as a Keras layer."""

import os

from tf_simclr.architectures.architecture import architecture_of
from tf_simclr.nets.classifier import Classifier
from tf_simclr.nets.heads import PYRAMID
from tf_simclr.pretrained.origins import open_checkpoint
from tf_simclr.pretrained.trained import class_names, dataset_of, settings_of


def load_classifier(path: str | os.PathLike[str]) -> Classifier:
    """Loads the classifier of a run, a checkpoint, an export, or a released model.

        classifier = load_classifier("runs/classes")
        logits = classifier(images)  # float32 [n, height, width, 3] in [0, 1] -> [n, classes]
        names = [classifier.class_names[row.argmax()] for row in logits.numpy()]

    It is the classifier that was fine-tuned, trained from scratch or distilled, or the linear head
    that was trained alongside pretraining.

    Args:
      path: a run's folder (its newest checkpoint is used), a checkpoint's prefix such as
        RUN/ckpt-120, RUN/saved_model/STEP or RUN/hub/STEP; or the folder of a released SimCLR v1 or
        v2 model with a classifier.

    Returns:
      A Classifier, which is a tf_keras model: float [batch, h, w, 3] in [0, 1] -> logits [batch,
      classes]. It has `num_classes` and, in the order of the logits, `class_names`, which are () if
      they were not recorded. An eager call with pictures of a very different size than those of
      training, or with values outside [0, 1], warns once.

    Raises:
      ValueError: if there is no checkpoint at `path`, it holds an encoder without a classifier,
        this project does not have such an encoder, or variables are missing.
    """
    path = os.fspath(path)
    found = open_checkpoint(path)
    if not found.classifier:
        raise ValueError(
            f"`path` must lead to a classifier. Received: path={path!r}, an encoder without one: it"
            " was trained without labels. Use load_encoder, or make a classifier of it:"
            f" tf-simclr --train_mode=finetune --checkpoint={path} ..."
        )
    settings = settings_of(found)
    architecture, norms = architecture_of(settings.flat()), settings.model.norms
    classifier = Classifier(
        architecture.encoder(**norms),
        architecture.projection_head(**norms),
        num_classes=found.classifier[-1],
        selector=found.reads_layer,
        class_names=class_names(found, dataset_of(found)),
    )
    classifier.build([None, architecture.image_size, architecture.image_size, 3])
    projects = found.reads_layer not in (0, PYRAMID)
    needed = {"encoder", "supervised_head", *(["projection_head"] if projects else [])}
    if missing := needed - set(found.restore(classifier.parts())):
        raise ValueError(
            f"`path` must lead to a whole classifier. Received: path={path!r}, without"
            f" {', '.join(sorted(missing))}. Give the run that it came from."
        )
    classifier.encoder.trained_size = found.trained_size
    return classifier
