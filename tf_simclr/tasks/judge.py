"""How good frozen features are: linear probe, nearest neighbours, retrieval."""

import dataclasses
from collections.abc import Callable

import tensorflow as tf
import tf_keras as keras

from tf_simclr import build_data
from tf_simclr.config import Config
from tf_simclr.data.sources import Source
from tf_simclr.evaluation.features import Features, extract
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.retrieval import retrieval_at_k

# Raw pixels are judged at this side at the most: beyond it a linear probe has too many inputs.
PIXELS_SIDE = 32
METRICS = ("linear_probe_top1", "knn_top1", "retrieval_at_1")


@dataclasses.dataclass(frozen=True)
class Judged:
    """One kind of features on the test split, and what each judge says of it (None: cannot say)."""

    test: Features
    scores: dict[str, float | None]


def judge(config: Config, data: Source, represent: Callable[[tf.Tensor], tf.Tensor]) -> Judged:
    """Judges `represent`, from float32 [batch, size, size, 3] to one vector a picture.

    The probe and the neighbours learn from the training split and are tested on the other; where
    there are no labels, or no identities, they are left out.
    """
    limit = config.evaluation.judge_examples
    train, test = (
        extract(represent, build_data.evaluation_data(config, data, split), limit=limit)
        for split in (config.data.train_split, config.data.eval_split)
    )
    learn = (train.vectors, train.labels, test.vectors, test.labels)
    probe = _try("linear probe", data.num_classes, lambda: linear_probe(*learn).top1)
    neighbours = _try("kNN", data.num_classes, lambda: knn(*learn))
    retrieval = _try(
        "retrieval",
        test.identities is not None and test.groups is not None,
        lambda: retrieval_at_k(test.vectors, test.identities, test.groups),  # type: ignore[arg-type]
    )
    return Judged(test, dict(zip(METRICS, (probe, neighbours, retrieval))))


def _try(name: str, possible: bool | int, score: Callable[[], float]) -> float | None:
    if not possible:
        return None
    try:
        return score()
    except ValueError as error:  # The data is too small for this judge: the others go on.
        print(f"The {name} is left out: {error}")
        return None


def encoder_features(encoder: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """A function of images [batch, h, w, 3] -> final_avg_pool [batch, features], inference mode."""

    @tf.function(reduce_retracing=True)
    def represent(images):
        return encoder(images, training=False)["final_avg_pool"]

    return represent


def raw_pixels(images: tf.Tensor) -> tf.Tensor:
    """Pictures [batch, h, w, 3] themselves, made smaller where they are larger than 32 pixels."""
    if images.shape[1] > PIXELS_SIDE:
        images = tf.image.resize(images, [PIXELS_SIDE, PIXELS_SIDE], antialias=True)
    return images
