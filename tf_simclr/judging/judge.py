"""How good frozen features are: linear probe, nearest neighbours, retrieval, and without labels."""

import dataclasses
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf
import tf_keras as keras

from tf_simclr import progress
from tf_simclr.assembly import build_data
from tf_simclr.config import Config
from tf_simclr.data.classes import listed
from tf_simclr.data.source import UNLABELLED, Source
from tf_simclr.evaluation.answers import Answers
from tf_simclr.evaluation.features import Features, Network, extract
from tf_simclr.evaluation.knn import knn
from tf_simclr.evaluation.linear_classifier import PAPER_GRID, SHORT_GRID
from tf_simclr.evaluation.linear_probe import linear_probe
from tf_simclr.evaluation.over_replicas import over_replicas
from tf_simclr.evaluation.retrieval import retrieval_at_k
from tf_simclr.judging.without_labels import judge_without_labels, view_features
from tf_simclr.reporting.names import COLUMNS, FEATURES

# --probe_grid -> the l2 that linear_probe tries. Four are too far apart for warm starts.
GRIDS: dict[str, dict[str, Any]] = {
    "short": {"l2": SHORT_GRID},
    "paper": {"l2": PAPER_GRID, "warm_start": True},
}
_BESIDE = "beside/"  # before the name of what is read with a network of this name

Score = TypeVar("Score")
# Is told of a judge that is left out, and why.
Tell = Callable[[str, ValueError], None]


@dataclasses.dataclass(frozen=True)
class Judged:
    """One network's features of the test split, and their scores.

    Attributes:
      test: the features.
      scores: COLUMNS and linear_probe_top5 as shares in [0, 1]; linear_probe_l2, the strength
        that the probe chose; LABEL_FREE, and FEATURES. None where there is none.
      strange: whether the training split shows no class of the test split.
      answers: the linear probe's, on the test split; None without one.
      views: pictures, and views of each, that it was judged on without labels.
      labels: int64 [n] that the probe was judged by, -1 for none; None if nothing was judged by
        labels.
      held_out: the probe's accuracy on the fifth of the training pictures that was held out of it.
      train: features of the labelled training pictures that it learnt from; None if nothing was
        judged by labels.
      beside: other features of the same pictures, of training and test; None if there are none, or
        nothing was judged by labels.
    """

    test: Features
    scores: dict[str, float | None]
    strange: bool = False
    answers: Answers | None = None
    views: tuple[int, int] = (0, 0)
    labels: np.ndarray | None = None
    held_out: float | None = None
    train: Features | None = None
    beside: tuple[Features, Features] | None = None


@dataclasses.dataclass(frozen=True)
class Probed:
    """What a linear probe found.

    Attributes:
      scores: linear_probe_top1, _top5 and _l2, as in Judged.
      answers: on the test split.
      held_out: as in Judged.
    """

    scores: dict[str, float]
    answers: Answers
    held_out: float | None


def judge(
    config: Config,
    data: Source,
    networks: Mapping[str, Network],
    beside: Mapping[str, Network] = types.MappingProxyType({}),
) -> dict[str, Judged]:
    """Judges networks by name, each from float32 [batch, size, size, 3] to one vector a picture.

    The linear probe and kNN learn from the labelled pictures of the training split and are tested
    on the test split. Without labels they are left out; without identities, retrieval is. The
    judges of LABEL_FREE need none of these.

    Args:
      config: of the evaluation.
      data: of the config.
      networks: name -> what is judged.
      beside: a name of `networks` -> another network, whose features are read with them and kept.
    """
    others = {f"{_BESIDE}{name}": network for name, network in beside.items()}

    def features(split: str, *, labelled: bool = False) -> dict[str, Features]:
        shown = judged_batches(config, data, split, labelled=labelled)
        return extract({**networks, **others}, shown, limit=config.evaluation.judge_examples)

    test, train = features(config.data.eval_split), None
    labels = next(iter(test.values())).labels
    if _tell_labelled(config, labels) and _has_training_part(config, data):
        split = config.data.train_split
        train = _try("judgement by labels", lambda: features(split, labelled=True))
    shown = next(iter(train.values())).labels if train else None
    strange = shown is not None and not np.isin(labels[labels >= 0], shown).any()
    if strange:
        print("No training picture shows a class of the test split: nothing is judged by labels.")
        train = None
    elif shown is not None:
        labels = _of_shown_classes(labels, shown, data.class_names)
    judged = {
        name: _judged(config, test[name], labels, train[name] if train else None, strange)
        for name in networks
    }
    if train:
        for name in beside:
            pair = train[_BESIDE + name], test[_BESIDE + name]
            judged[name] = dataclasses.replace(judged[name], beside=pair)
    views = view_features(config, data, networks)
    vectors = {name: test[name].vectors for name in networks}
    for name, scores in judge_without_labels(vectors, views).items():
        scores[FEATURES] = vectors[name].shape[1]
        judged[name] = dataclasses.replace(
            judged[name], scores=judged[name].scores | scores, views=views[name].shape[:2]
        )
    return judged


def judged_batches(
    config: Config, data: Source, split: str, *, labelled: bool = False
) -> Iterator[Mapping[str, tf.Tensor]]:
    """The batches of the pictures that are judged, while a line shows how many are done.

    Args:
      config: of the evaluation.
      data: of the config.
      split: whose first judge_examples pictures are judged; the last batch may have more.
      labelled: whether to leave out pictures without a label.

    Returns:
      Dicts of image [batch, size, size, 3], label [batch] and perhaps identity and group.
    """
    batches = build_data.evaluation_data(config, data, split, labelled=labelled)
    limit = config.evaluation.judge_examples
    total = -(-min(data.num_examples(split), limit) // config.evaluation.eval_batch_size)
    return progress.each(batches, f"Features of {split!r}, batch", total)


def _has_training_part(config: Config, data: Source) -> bool:
    """Whether the data has a training split, as other data may not; prints if it has none."""
    split = config.data.train_split
    if data.has(split):
        return True
    print(f"Linear probe and kNN are left out: {data.name} has no split {split!r} to learn from.")
    return False


def _tell_labelled(config: Config, labels: np.ndarray) -> bool:
    """Whether any test picture has a label; prints how many have, if not all do."""
    labelled, split = int((labels >= 0).sum()), config.data.eval_split
    if not labelled:
        print(f"No picture in {split!r} has a label: nothing is judged by labels.")
    elif labelled < len(labels):
        print(
            f"{labelled} of {len(labels)} pictures in {split!r} have labels: only these are judged"
            " by labels."
        )
    return labelled > 0


def _of_shown_classes(labels: np.ndarray, shown: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """The labels, -1 for a class that no training picture shows; prints which."""
    unseen = (labels >= 0) & ~np.isin(labels, shown)
    if unseen.any():
        left_out = [names[label] for label in np.unique(labels[unseen])]
        print(
            f"{unseen.sum()} test pictures are left out by the linear probe: no training picture"
            f" shows {listed(left_out)}. In kNN they count as mistakes."
        )
    return np.where(unseen, UNLABELLED, labels)


def _judged(
    config: Config, test: Features, shown: np.ndarray, train: Features | None, strange: bool
) -> Judged:
    probed = None
    if train is not None:
        with progress.during("Fitting the linear probe"):
            probed = probe(config, train, test, shown)
    scores = dict.fromkeys(COLUMNS) | by_neighbours(train, test) | (probed.scores if probed else {})
    return Judged(
        test,
        scores,
        strange,
        probed.answers if probed else None,
        labels=shown if train else None,
        held_out=probed.held_out if probed else None,
        train=train,
    )


def _print_left_out(name: str, error: ValueError) -> None:
    print(f"The {name} is left out: {error}")


def probe(
    config: Config,
    train: Features,
    test: Features,
    labels: np.ndarray,
    tell: Tell = _print_left_out,
) -> Probed | None:
    """Fits a linear probe; None, and `tell` is told why, where the data is too small for it.

    Args:
      config: of the evaluation.
      train: features of the labelled training pictures.
      test: features of the test pictures.
      labels: int64 [test], of the classes that training shows; -1 for others.
      tell: is told why it is left out.
    """
    grid = GRIDS[config.evaluation.probe_grid]
    tables = train.vectors, train.labels, test.vectors, labels
    identities = train.identities
    found = _try(
        "linear probe", lambda: linear_probe(*tables, train_identities=identities, **grid), tell
    )
    if found is None:
        return None
    scores = {"top1": found.top1, "top5": found.top5, "l2": found.l2}
    return Probed(
        {f"linear_probe_{name}": value for name, value in scores.items()},
        Answers(labels, found.predictions, found.sureness),
        found.held_out_top1,
    )


def by_neighbours(
    train: Features | None, test: Features, tell: Tell = _print_left_out
) -> dict[str, float | None]:
    """Scores knn_top1, with labels, and retrieval_at_1, if it is known what pictures show.

    Args:
      train: features [train, width] of the labelled training pictures; None without labels.
      test: features [test, width] of the test pictures.
      tell: is told why one of them is left out; then it has no value.
    """
    scores: dict[str, float | None] = {}
    vectors, things, groups = test.vectors, test.identities, test.groups
    if train is not None:
        tables = train.vectors, train.labels, vectors, test.labels
        scores["knn_top1"] = _try("kNN", lambda: knn(*tables), tell)
    if things is not None and groups is not None:
        share = _try("retrieval", lambda: retrieval_at_k(vectors, things, groups), tell)
        scores["retrieval_at_1"] = share
    return scores


def _try(name: str, score: Callable[[], Score], tell: Tell = _print_left_out) -> Score | None:
    try:
        return score()
    except ValueError as error:  # The data is too small for this judge: the others go on.
        tell(name, error)
        return None


def encoder_outputs(
    encoder: keras.Model, strategy: tf.distribute.Strategy, outputs: Sequence[str]
) -> dict[str, Network]:
    """Endpoint -> a function of images, as encoder_features gives it.

    Asked about the same tensor one after the other, they run the encoder once.

    Args:
      encoder: made in the strategy's scope.
      strategy: its replicas share each batch.
      outputs: endpoints.
    """

    def together(images: tf.Tensor) -> dict[str, tf.Tensor]:
        endpoints = encoder(images, training=False)
        return {name: endpoints[name] for name in outputs}

    run = over_replicas(together, strategy)
    last: list[Any] = [None, {}]

    def output(name: str) -> Network:
        def represent(images: tf.Tensor) -> np.ndarray:
            if images is not last[0]:
                last[:] = images, run(images)
            return last[1][name]

        return represent

    return {name: output(name) for name in outputs}


def encoder_features(
    encoder: keras.Model, strategy: tf.distribute.Strategy, output: str = "final_avg_pool"
) -> Callable[[tf.Tensor], np.ndarray]:
    """A function of images [batch, h, w, 3] -> an endpoint [batch, features], inference mode.

    Args:
      encoder: made in the strategy's scope.
      strategy: its replicas share each batch.
      output: the endpoint.
    """
    return over_replicas(lambda images: encoder(images, training=False)[output], strategy)
