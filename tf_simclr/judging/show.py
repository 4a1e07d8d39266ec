"""Chooses what a page shows of judged pictures: neighbours, a map, mistakes, and views."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from tf_simclr import progress
from tf_simclr.assembly import build_data
from tf_simclr.assembly.views import Drawn
from tf_simclr.config import Config
from tf_simclr.data.source import Source
from tf_simclr.evaluation.answers import Answers
from tf_simclr.evaluation.confusion import confusion_matrix, most_confused, top1_accuracy
from tf_simclr.evaluation.features import Features
from tf_simclr.evaluation.layout import layout_2d
from tf_simclr.evaluation.retrieval import nearest
from tf_simclr.judging.ask_classifier import Classified
from tf_simclr.judging.judge import Judged
from tf_simclr.judging.kept import Kept
from tf_simclr.reporting import content
from tf_simclr.reporting.names import ROWS, in_text
from tf_simclr.reporting.pictures import Sheet

QUERIES, NEIGHBOURS = 12, 5
MOST_ASKED = 1000  # Queries that the share of equal neighbours is counted over.
MISTAKES = 24
CONFUSED = 10  # Pairs of classes in a list.
MAP_PICTURES = 5000
THUMBNAIL, LARGE = 48, 96  # Pixels of a picture in the map, and elsewhere.
# Bytes of the pictures' files, which take a third more in a page of less than 3 MB.
MAP_BYTES, SHEET_BYTES, VIEWS_BYTES = 1_200_000, 220_000, 100_000
# The kinds of features whose neighbours are shown: prefixes of ROWS.
COMPARED = ("", "raw_pixels/")


class Teller(NamedTuple):
    """Who classified the pictures.

    Attributes:
      by: what it is called inside a sentence.
      answers: in the order of the judged split.
      class_names: of the answers.
      judged_on: which pictures those are: "24 labelled test pictures".
    """

    by: str
    answers: Answers
    class_names: Sequence[str]
    judged_on: str


def teller(
    config: Config, judged: Judged, classified: Classified | None, class_names: Sequence[str]
) -> Teller | None:
    """Whose mistakes a page shows: a classifier's own, or else the linear probe's.

    Args:
      config: of the evaluation.
      judged: this encoder's features.
      classified: the results of the run's classifier; None without one.
      class_names: of the data.
    """
    if classified is not None and (not config.run.pretrains or judged.answers is None):
        title, names = in_text(classified.title), classified.class_names
        return Teller(title, classified.answers, names, classified.judged_on)
    if judged.answers is not None:
        count = (judged.answers.labels >= 0).sum()
        return Teller("linear probe", judged.answers, class_names, f"{count:,} labelled pictures")
    return None


def choose(
    config: Config,
    data: Source,
    judged: Mapping[str, Judged],
    *,
    told: Teller | None,
    drawn: Drawn | None,
    machine: Mapping[str, Any],
    scored_on: str = "",
) -> Kept:
    """Chooses what the page of an evaluation shows, and reads its pictures.

    Args:
      config: of the evaluation.
      data: of the config.
      judged: prefix of a row -> its features of the judged split.
      told: who classified the pictures; None for nobody.
      drawn: what the run was trained on; None for nothing.
      machine: as workdir.run_facts finds it.
      scored_on: what the run's own classifier was judged on, in words.
    """
    test = judged[""].test
    count = len(test.vectors)
    mapped = np.unique(np.linspace(0, count - 1, MAP_PICTURES).round().astype(int))
    queries, found = _found(judged, config.run.seed)
    wrong = told.answers.wrong() if told else np.zeros(0, int)
    shown = wrong[wrong < count][:MISTAKES]
    near = np.unique(
        np.concatenate([rows[:QUERIES].ravel() for rows in (queries, *found.values())])
    )
    small, large, names = _read(config, data, mapped, np.union1d(near, shown), count)
    captions = [_class_name(data, label) for label in test.labels]
    return Kept(
        flags=config.flat(),
        dataset={
            "name": data.name,
            "licence": data.licence,
            "class_names": list(data.class_names),
            "pictures": dict(data.splits),
        },
        machine=machine,
        by=told.by if told else "",
        scored_on=scored_on,
        neighbours=_neighbours(test, queries, found, near, large, captions),
        feature_map=_map(config, data, test, mapped, small, names, told),
        mistakes=_mistakes(told, wrong, shown, large, names),
        confusion=_confusion(told),
        views=_views(drawn),
    )


def _found(judged: Mapping[str, Judged], seed: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows that are asked, int [asked], and for each kind their neighbours, [asked, k].

    The first rows are shown; they are of as many classes as possible.
    """
    test = judged[""].test
    groups = test.groups if test.groups is not None else np.arange(len(test.vectors))
    gallery = len(groups) - int(np.unique(groups, return_counts=True)[1].max())
    k = min(NEIGHBOURS, gallery)
    if k < 1:
        return np.zeros(0, int), {}
    asked = np.random.default_rng(seed).permutation(len(groups))[:MOST_ASKED]
    asked = asked[np.argsort(_occurrence(test.labels[asked]), kind="stable")]
    return asked, {
        row: nearest(judged[row].test.vectors, k=k, groups=groups, queries=asked)
        for row in COMPARED
        if row in judged
    }


def _occurrence(labels: np.ndarray) -> np.ndarray:
    """For each row how often its label came before: 0 for the first of each class."""
    seen: dict[int, int] = {}
    places = []
    for label in labels.tolist():
        places.append(seen.get(label, 0))
        seen[label] = places[-1] + (label >= 0)
    return np.array(places, int)


def _read(
    config: Config, data: Source, small: np.ndarray, large: np.ndarray, count: int
) -> tuple[np.ndarray, dict[int, np.ndarray], list[str]]:
    """Reads the first `count` judged pictures once.

    Args:
      config: of the evaluation.
      data: of the config.
      small: rows that are wanted at THUMBNAIL pixels.
      large: rows that are wanted at LARGE pixels.
      count: how many rows there are.

    Returns:
      uint8 [small, side, side, 3]; a large row -> uint8 [side, side, 3]; and the names of all rows.
    """
    thumbnails: list[np.ndarray] = []
    pictures: dict[int, np.ndarray] = {}
    names: list[str] = []
    for batch in build_data.evaluation_data(config, data, config.data.eval_split, names=True):
        begin = len(names)
        names += [name.decode(errors="replace") for name in batch["name"].numpy()]
        here = [wanted[(wanted >= begin) & (wanted < len(names))] for wanted in (small, large)]
        thumbnails.extend(_resized(batch["image"], here[0] - begin, THUMBNAIL))
        pictures.update(zip(here[1].tolist(), _resized(batch["image"], here[1] - begin, LARGE)))
        if len(names) >= count:
            break
    return np.stack(thumbnails), pictures, names[:count]


def _resized(images: tf.Tensor, rows: np.ndarray, side: int) -> np.ndarray:
    """Rows of float32 [n, size, size, 3] in [0, 1], as uint8 of at most `side` pixels."""
    side = min(side, images.shape[1])
    small = tf.image.resize(tf.gather(images, rows), [side, side], antialias=True)
    return tf.image.convert_image_dtype(small, tf.uint8, saturate=True).numpy()


def _class_name(data: Source, label: int) -> str:
    if not data.class_names:
        return ""
    return data.class_names[label] if label >= 0 else "no class"


def _sheet(rows: Sequence[int], large: Mapping[int, np.ndarray]) -> tuple[Sheet, dict[int, int]]:
    """The sheet of some rows, and a row's place in it."""
    sheet = Sheet.of(np.stack([large[row] for row in rows]), most_bytes=SHEET_BYTES)
    return sheet, {row: place for place, row in enumerate(rows)}


def _neighbours(
    test: Features,
    asked: np.ndarray,
    found: Mapping[str, np.ndarray],
    near: np.ndarray,
    large: Mapping[int, np.ndarray],
    captions: Sequence[str],
) -> content.Neighbours | None:
    if not found:
        return None
    sheet, place = _sheet(near.tolist(), large)
    meaning = test.identities if test.identities is not None else test.labels
    known = meaning[asked] >= 0
    hits = [meaning[rows] == meaning[asked, None] for rows in found.values()]
    queries = [
        content.Query(
            picture=place[row],
            caption=captions[row],
            found=[[place[near] for near in rows[number].tolist()] for rows in found.values()],
            hits=[hit[number].tolist() for hit in hits] if known[number] else None,
        )
        for number, row in enumerate(asked[:QUERIES].tolist())
    ]
    shares = [float(hit[known].mean()) for hit in hits] if known.any() else None
    return content.Neighbours(
        sheet, [ROWS[row] for row in found], queries, shares, asked=int(known.sum())
    )


def _map(
    config: Config,
    data: Source,
    test: Features,
    rows: np.ndarray,
    thumbnails: np.ndarray,
    names: Sequence[str],
    told: Teller | None,
) -> content.FeatureMap | None:
    if len(rows) < 2:
        return None
    taken = None
    if told is not None and tuple(told.class_names) == tuple(data.class_names):
        every = np.full(len(test.vectors), -1)
        answered = told.answers.taken_for()[: len(every)]
        every[: len(answered)] = answered
        taken = every[rows]
    with progress.during(f"Laying out {len(rows):,} pictures"):
        positions = layout_2d(test.vectors[rows], seed=config.run.seed)
    return content.FeatureMap(
        positions,
        Sheet.of(thumbnails, most_bytes=MAP_BYTES),
        [names[row] for row in rows],
        test.labels[rows],
        tuple(data.class_names),
        taken,
    )


def _mistakes(
    told: Teller | None,
    wrong: np.ndarray,
    shown: np.ndarray,
    large: Mapping[int, np.ndarray],
    names: Sequence[str],
) -> content.Mistakes | None:
    if told is None or (len(wrong) and not len(shown)):
        return None
    answers, asked = told.answers, int((told.answers.labels >= 0).sum())
    if not len(shown):
        blank = Sheet.of(np.full((1, 1, 1, 3), 255, np.uint8), most_bytes=SHEET_BYTES)
        return content.Mistakes(blank, (), 0, asked, told.by)
    sheet, place = _sheet(shown.tolist(), large)
    mistakes = [
        content.Mistake(
            place[row],
            names[row],
            told.class_names[answers.labels[row]],
            told.class_names[answers.predictions[row]],
            float(answers.sureness[row]),
        )
        for row in shown.tolist()
    ]
    return content.Mistakes(sheet, mistakes, len(wrong), asked, told.by)


def _confusion(told: Teller | None) -> content.ClassConfusion | None:
    if told is None:
        return None
    names, answers = list(told.class_names), told.answers
    matrix = confusion_matrix(answers.labels, answers.predictions, classes=len(names))
    pairs = [
        (names[pair.label], names[pair.prediction], pair.count, pair.shown)
        for pair in most_confused(matrix, limit=CONFUSED)
    ]
    share = f"{100 * top1_accuracy(matrix):.1f} %"
    note = f"The {told.by} is right on {share} of the {told.judged_on}."
    return content.ClassConfusion(matrix, names, pairs, note)


def _views(drawn: Drawn | None) -> content.Views | None:
    if drawn is None:
        return None
    rows, columns, *shape = drawn.pictures.shape
    sheet = Sheet.of(
        drawn.pictures.reshape(-1, *shape),
        most_bytes=VIEWS_BYTES,
        columns=math.ceil(math.sqrt(rows)) * columns,
    )
    return content.Views(sheet, drawn.words)
