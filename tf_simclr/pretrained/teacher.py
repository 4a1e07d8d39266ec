"""The teacher in distillation: a network of this project, or any SavedModel with class logits.

arXiv 2006.10029, section 2.
"""

import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tf_simclr.data.antialias import resize_antialiased
from tf_simclr.data.classes import check_same_classes
from tf_simclr.exporting import card
from tf_simclr.file_errors import reason
from tf_simclr.pretrained import trained
from tf_simclr.workdir.subject import known_labels

SIGNATURES = ("classify", "serving_default")
LOGITS = ("logits", "logits_sup")
PROBED = 2  # pictures
# Of a sum of probabilities from 1, in half precision. No logits are this close by chance.
TOLERANCE = 1e-2


@dataclasses.dataclass(frozen=True)
class Teacher:
    """A trained classifier that is not trained further.

    Attributes:
      path: where it was found.
      num_classes: of its logits.
      class_names: of these classes, in order; () if not known.
      classify: images float32 [batch, h, w, 3] in [0, 1] -> logits [batch, num_classes].
      behind: owner of the variables, which a function loaded from a file does not keep alive.
    """

    path: str
    num_classes: int
    class_names: tuple[str, ...]
    classify: Callable[[tf.Tensor], tf.Tensor]
    behind: object

    def __call__(self, images: tf.Tensor) -> tf.Tensor:
        """Logits [batch, num_classes] of images float32 [batch, h, w, 3] in [0, 1]."""
        return self.classify(images)


def open_teacher(
    path: str, *, num_classes: int, image_size: int, class_names: Sequence[str] = ()
) -> Teacher:
    """Opens the teacher at `path`. Call it in the scope of the strategy that will use the teacher.

    It may be a run, a checkpoint, an export or a released model. Any other SavedModel is called by
    its signature `classify` or `serving_default`: float pictures [batch, h, w, 3] in [0, 1],
    resized to its input size -> `logits` or `logits_sup`, or the only output.

    Args:
      path: of any of these.
      num_classes: of the data; 0 without labels.
      image_size: side of the student's pictures, in pixels.
      class_names: of the data, in the order of its labels; empty if not known.

    Raises:
      ValueError: if there is no model at `path`, or it does not give logits of these classes.
    """
    if not tf.io.gfile.exists(path) and not tf.io.gfile.exists(f"{path}.index"):
        raise ValueError(
            "`teacher` must be a run's folder, a checkpoint's prefix, an export or a SavedModel."
            f" Received: teacher={path!r}, where there is none."
        )
    teacher = _open(path, image_size)
    check_same_classes("teacher", path, teacher.class_names, class_names)
    if num_classes and teacher.num_classes != num_classes:
        raise ValueError(
            f"`teacher` must know the classes of the data, which has {num_classes}. Received:"
            f" teacher={path!r}, with {teacher.num_classes}."
        )
    if class_names and not teacher.class_names:
        print("Note: the teacher's classes have no names: the data's order is assumed.")
    return teacher


def _open(path: str, image_size: int) -> Teacher:
    foreign = tf.io.gfile.exists(os.path.join(path, "saved_model.pb")) and card.read(path) is None
    try:
        found = trained.open_trained(path)
    except ValueError as error:
        if foreign:
            return _of_saved_model(path, image_size)
        why = str(error).partition(" Received:")[0]
        raise ValueError(
            f"`teacher` cannot be opened ({why}). Received: teacher={path!r}."
        ) from error
    network, head = found.network, found.network.supervised_head
    if head is None:
        raise _no_logits(path, "a network without a classifier")

    def classify(images: tf.Tensor) -> tf.Tensor:
        return network.classify(network.encode(images))

    for doubt in _doubts(found, image_size):
        print(f"Note: the teacher {doubt}")
    names, classes = tuple(map(str, found.dataset.get("class_names") or ())), head.num_classes
    # If there is not a name for each class, they are not these classes' names.
    return Teacher(path, classes, names if len(names) == classes else (), classify, network)


def _doubts(found: trained.Trained, image_size: int) -> Iterator[str]:
    """Reasons why a network of this project may not be the teacher that the user wants."""
    settings = found.origin.settings
    if settings is not None:
        size = settings.data.image_size
        if size != image_size:
            yield f"was trained at {size} pixels, but gets pictures of {image_size} pixels."
        if found.origin.alongside:
            knew = known_labels(settings) or "all labels"
            yield f"is the linear head trained alongside pretraining, with {knew}."
    if doubt := found.origin.doubt:
        yield (
            f"is assumed to classify from the encoder's output. {doubt}: for those, keep"
            " finetuned_1pct or finetuned_10pct in the path."
        )


def _of_saved_model(path: str, image_size: int) -> Teacher:
    try:
        loaded = tf.saved_model.load(path)
    except (OSError, ValueError, KeyError, TypeError, tf.errors.OpError) as error:
        raise ValueError(
            f"`teacher` cannot be loaded ({reason(error)}). Received: teacher={path!r}."
        ) from error
    signatures = loaded.signatures
    name = next((name for name in SIGNATURES if _output(signatures.get(name))), None)
    if name is None:
        has = [f"{name} -> {_listed(f.structured_outputs)}" for name, f in signatures.items()]
        raise _no_logits(path, f"a SavedModel with {'; '.join(has) or 'no signature'}")
    function, output = signatures[name], _output(signatures[name])
    pictures, spec = _input(path, name, function)

    def classify(images: tf.Tensor) -> tf.Tensor:
        height, width = (have or given for have, given in zip(spec.shape[1:3], images.shape[1:3]))
        if (height, width) != tuple(images.shape[1:3]):
            images = resize_antialiased(images, height, width)
        return function(**{pictures: tf.cast(images, spec.dtype)})[output]

    classes = _count_classes(path, name, classify, image_size)
    # Some signatures do not say the number of classes.
    return Teacher(
        path, classes, (), lambda images: tf.ensure_shape(classify(images), [None, classes]), loaded
    )


def _output(function: Any) -> str | None:
    """The output of a signature that has class logits, by its name or as the only one."""
    outputs = function.structured_outputs if function is not None else {}
    names = [name for name in LOGITS if name in outputs] or list(outputs)
    only = names[0] if names and (len(outputs) == 1 or names[0] in LOGITS) else None
    if only is None or outputs[only].shape.rank != 2 or not outputs[only].dtype.is_floating:
        return None
    return only


def _input(path: str, name: str, function: Any) -> tuple[str, tf.TensorSpec]:
    """Keyword and spec of a signature's only input, which must be pictures."""
    inputs = function.structured_input_signature[1]
    for keyword, spec in inputs.items():
        shape = spec.shape
        pictures = shape.rank == 4 and shape[0] is None and shape[3] in (3, None)
        if len(inputs) == 1 and pictures and spec.dtype.is_floating:
            return keyword, spec
    raise ValueError(
        "`teacher` must take one batch of float pictures [batch, height, width, 3] of any length."
        f" Received: teacher={path!r}, whose signature {name} takes {_listed(inputs) or 'nothing'}."
    )


def _count_classes(path: str, name: str, classify: Callable, image_size: int) -> int:
    """The number of classes. Checks on pictures of noise that the outputs are logits."""
    noise = tf.random.stateless_uniform([PROBED, image_size, image_size, 3], [0, 0])
    try:
        # On a replica, as later: outside of replicas such a function does not find its variables.
        strategy = tf.distribute.get_strategy()
        answers = strategy.run(tf.function(classify), args=(noise,))
        given = strategy.experimental_local_results(answers)[0]
    except (ValueError, tf.errors.OpError) as error:
        raise ValueError(
            f"`teacher` cannot process pictures ({reason(error)}). Received: teacher={path!r},"
            f" signature {name}."
        ) from error
    logits = np.asarray(given, np.float64)  # [pictures, classes]
    sums = logits.sum(axis=1)
    if np.all((logits >= 0) & (logits <= 1)) and np.all(np.abs(sums - 1) < TOLERANCE):
        raise ValueError(
            "`teacher` must give logits, before the softmax. Received:"
            f" teacher={path!r}, whose signature {name} gives probabilities: rows in [0, 1] with"
            " sum 1. Save the model without its softmax."
        )
    return logits.shape[1]


def _listed(specs: Mapping[str, tf.TensorSpec]) -> str:
    return ", ".join(
        f"{key}: {spec.dtype.name} {spec.shape}" for key, spec in sorted(specs.items())
    )


def _no_logits(path: str, what: str) -> ValueError:
    return ValueError(
        "`teacher` must give class logits: a trained classifier, or a SavedModel with an output"
        f" named logits. Received: teacher={path!r}, no class logits in {what}."
    )
