"""The content of a report, by section: plain values and arrays, checked at construction."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tf_simclr.reporting.label_free import LabelFreeTable
from tf_simclr.reporting.layers import LayerTable
from tf_simclr.reporting.pictures import Sheet
from tf_simclr.reporting.pyramid import PyramidTable

History = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # name -> (steps, values)


@dataclasses.dataclass(frozen=True)
class Score:
    """One number of this run, beside those of its baselines.

    Attributes:
        name: "Linear probe".
        meaning: what it is, in half a sentence; "" for none.
        value: of this run; None if it is not known.
        baselines: (name, value) of what it is compared with.
        share: whether the values are shares in [0, 1], shown in percent and as bars.
        note: a few words below it.
    """

    name: str
    meaning: str
    value: float | None
    baselines: Sequence[tuple[str, float | None]] = ()
    share: bool = True
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Query:
    """A picture, and the nearest ones by several kinds of features.

    Attributes:
        picture: its place in the sheet.
        caption: what it shows; "" if that is not known.
        found: for each kind of features, places in the sheet, nearest first.
        hits: for each kind, whether each one shows the same thing; None if that is not known.
    """

    picture: int
    caption: str
    found: Sequence[Sequence[int]]
    hits: Sequence[Sequence[bool]] | None = None


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Pictures and their nearest neighbours, by this encoder and by baselines.

    Attributes:
        sheet: their pictures.
        features: names of the kinds of features, this encoder first.
        queries: what is shown.
        shares: for each kind, the share of neighbours that show the same thing, over more queries
            than are shown; None if that is not known.
        asked: how many queries the shares are of.
    """

    sheet: Sheet
    features: Sequence[str]
    queries: Sequence[Query]
    shares: Sequence[float] | None = None
    asked: int = 0

    def __post_init__(self) -> None:
        for query in self.queries:
            if len(query.found) != len(self.features):
                raise ValueError(
                    f"`queries` must have a row for each of the {len(self.features)} kinds of"
                    f" features. Received: {len(query.found)} rows in found of"
                    f" {query.caption!r}. Leave kinds out of `features` that were not asked."
                )


@dataclasses.dataclass(frozen=True)
class FeatureMap:
    """Judged pictures in two dimensions.

    Attributes:
        positions: float [n, 2] in [0, 1], x to the right and y upwards, as layout_2d gives them.
        atlas: the n pictures, in the same order.
        names: of the pictures.
        labels: int [n], the classes that colour the map; negative is unlabelled.
        class_names: one for each class; empty without classes.
        taken_for: int [n], what a classifier took a picture for, where it was wrong; negative
            elsewhere. None without a classifier.
    """

    positions: np.ndarray
    atlas: Sheet
    names: Sequence[str]
    labels: np.ndarray
    class_names: Sequence[str] = ()
    taken_for: np.ndarray | None = None

    def __post_init__(self) -> None:
        counts = {
            "positions": len(self.positions),
            "atlas": self.atlas.count,
            "names": len(self.names),
            "labels": len(self.labels),
        }
        if len(set(counts.values())) != 1:
            raise ValueError(
                "`positions`, `atlas`, `names` and `labels` must be of the same pictures. Received:"
                f" {', '.join(f'{name} of {count}' for name, count in counts.items())}."
                " Choose the same rows of each."
            )


@dataclasses.dataclass(frozen=True)
class Mistake:
    """A picture that was classified wrongly.

    Attributes:
        picture: its place in the sheet.
        name: of the picture.
        label: its class.
        taken_for: the class that was predicted.
        sureness: the probability of that class, in [0, 1].
    """

    picture: int
    name: str
    label: str
    taken_for: str
    sureness: float


@dataclasses.dataclass(frozen=True)
class Mistakes:
    """The pictures that a classifier gets wrong.

    Attributes:
        sheet: their pictures.
        shown: the surest first.
        count: how many there are in all.
        asked: of how many pictures.
        by: who classified: "linear probe".
    """

    sheet: Sheet
    shown: Sequence[Mistake]
    count: int
    asked: int
    by: str


@dataclasses.dataclass(frozen=True)
class ClassConfusion:
    """A classifier's confusion matrix on the labelled test pictures.

    Attributes:
        matrix: int [classes, classes], not negative: the true class, then the predicted one.
        class_names: one for each class.
        pairs: the most confused pairs, the most frequent first: (name of the class, what it was
            taken for, how often, how often it was shown). Of many classes only these are shown.
        note: who classified, and how well.
    """

    matrix: np.ndarray
    class_names: Sequence[str]
    pairs: Sequence[tuple[str, str, int, int]] = ()
    note: str = ""

    def __post_init__(self) -> None:
        shape, names = np.shape(self.matrix), len(self.class_names)
        if shape != (names, names) or not names:
            raise ValueError(
                f"`matrix` must be [classes, classes], and `class_names` name each class. Received:"
                f" matrix.shape={shape}, {names} class_names. Give confusion_matrix(...) of as many"
                " classes as there are names."
            )


@dataclasses.dataclass(frozen=True)
class ViewWords:
    """What is said of the pictures that a network is trained on, which stand in rows.

    Attributes:
        title: heading of the section.
        explanation: a sentence or two below it, on what a row is, and what is learned from it.
        row: what a row is, for those who do not see it; after "Training picture 3".
        captions: one for each picture of a row; "" for none.
        apart: how many pictures at the start of a row are set apart: the network does not see them.
    """

    title: str
    explanation: str
    row: str
    captions: Sequence[str]
    apart: int = 0


PAIRS = ViewWords(
    title="Views",
    explanation=(
        "A training picture, then two random views of it. Training pulls the features of the two"
        " views together, so whatever differs between them is what the encoder learns to ignore."
    ),
    row="and two views of it",
    captions=("", "", ""),
    apart=1,
)


@dataclasses.dataclass(frozen=True)
class Views:
    """Pictures that a network is trained on, in rows.

    Attributes:
        sheet: the pictures, row by row.
        words: what is said of them. Runs that were judged by older versions have pairs.
    """

    sheet: Sheet
    words: ViewWords = PAIRS


@dataclasses.dataclass(frozen=True)
class Report:
    """The content of a run's report. A section whose content is None or empty is left out.

    Attributes:
        title: heading of the page.
        opening: what was judged, in a line.
        state: what is still to come, such as the results of a run that goes on.
        scores: shown first, each with its baselines; without any, the ends of the curves are.
        pyramid: scores by the pyramid.
        layers: what was judged layer by layer.
        label_free: what was judged without labels.
        neighbours: pictures and their nearest neighbours.
        feature_map: judged pictures in two dimensions.
        mistakes: pictures that were classified wrongly.
        confusion: a classifier's confusion matrix, and its right answers by class.
        history: curves of the training; values that are not finite leave gaps.
        views: training pictures and their views.
        snippet: (heading, code) that loads the network.
        facts: (name, value) pairs: data, network, steps, time ...
        command: the command that made the run.
    """

    title: str
    opening: str = ""
    state: str = ""
    scores: Sequence[Score] = ()
    pyramid: PyramidTable | None = None
    layers: LayerTable | None = None
    label_free: LabelFreeTable | None = None
    neighbours: Neighbours | None = None
    feature_map: FeatureMap | None = None
    mistakes: Mistakes | None = None
    confusion: ClassConfusion | None = None
    history: History = dataclasses.field(default_factory=dict)
    views: Views | None = None
    snippet: tuple[str, str] | None = None
    facts: Sequence[tuple[str, str]] = ()
    command: str = ""
