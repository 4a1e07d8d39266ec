"""The content of a report, by section: plain values and arrays, checked at construction."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tf_simclr.reporting.label_free import LabelFreeTable
from tf_simclr.reporting.pictures import rgb

History = Mapping[str, tuple[Sequence[float], Sequence[float]]]  # name -> (steps, values)


@dataclasses.dataclass(frozen=True)
class ResultRow:
    """One kind of features and its scores.

    Attributes:
        name: "This encoder", "Raw pixels", ...
        values: one for each column: a share in [0, 1], or None if there is none.
        note: a few words below the name.
    """

    name: str
    values: Sequence[float | None]
    note: str = ""


@dataclasses.dataclass(frozen=True)
class ResultTable:
    """A table of results; higher is better everywhere.

    Attributes:
        columns: names of the scores.
        rows: the judged features; the first are this run's, which the summary shows.
        note: how to read the table.
    """

    columns: Sequence[str]
    rows: Sequence[ResultRow]
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.values) != len(self.columns):
                raise ValueError(
                    f"`rows` must hold a value for each of the {len(self.columns)} columns. "
                    f"Received: values={list(row.values)} in row {row.name!r}. "
                    "Give None where there is no value."
                )
        if not self.rows:
            raise ValueError(
                "`rows` must not be empty. Received: rows=[]. Give table=None instead."
            )


@dataclasses.dataclass(frozen=True)
class KeyScore:
    """A score that the summary shows before those of the table.

    Attributes:
        name: what was scored.
        value: a share in [0, 1].
        note: a few words below it.
    """

    name: str
    value: float
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Neighbours:
    """Queries, and for each the five rows whose features are nearest.

    Attributes:
        queries: uint8 [queries, height, width, channels].
        neighbours: uint8 [queries, 5, height, width, channels], nearest first.
        hits: bool [queries, 5], whether the neighbour shows the same thing; None if not known.
        captions: what each query shows; None for no captions.
    """

    queries: np.ndarray
    neighbours: np.ndarray
    hits: np.ndarray | None = None
    captions: Sequence[str] | None = None

    def __post_init__(self) -> None:
        queries, neighbours = rgb("queries", self.queries), rgb("neighbours", self.neighbours)
        expected = (len(queries), 5, *queries.shape[1:])
        if neighbours.shape != expected:
            raise ValueError(
                f"`neighbours` must hold 5 pictures for each of the {len(queries)} queries, of the "
                f"same size. Received: neighbours.shape={neighbours.shape}, queries.shape="
                f"{queries.shape}. Look the rows up with pictures[nearest(features, k=5)[queries]]."
            )

    def grid(self) -> np.ndarray:
        """uint8 [queries, 1 + 5, height, width, 3]: each query before its neighbours."""
        queries, neighbours = rgb("queries", self.queries), rgb("neighbours", self.neighbours)
        return np.concatenate([queries[:, None], neighbours], axis=1)


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
class FeatureMap:
    """The test rows in two dimensions.

    Attributes:
        positions: float [n, 2] in [0, 1], of layout_2d.
        pictures: uint8 [n, height, width, channels], drawn at their places.
    """

    positions: np.ndarray
    pictures: np.ndarray


@dataclasses.dataclass(frozen=True)
class Report:
    """The content of a run's report. A section whose content is None is left out.

    Attributes:
        title: heading of the page.
        opening: what a reader must know first.
        command: the command that made the run.
        facts: (name, value) pairs: data, network, steps, time ...
        history: curves of the training; values that are not finite leave gaps.
        views: uint8 [n, 2, height, width, channels], augmented pairs; the first 16 are shown.
        scores: shown first in the summary.
        table: results; without one, and without scores, the summary shows the ends of the history.
        label_free: what was judged without labels.
        confusion: a classifier's confusion matrix.
        neighbours: queries and their nearest rows; the first 24 are shown.
        feature_map: the test rows in two dimensions.
        snippet: code that loads the encoder.
    """

    title: str
    opening: str | None = None
    command: str | None = None
    facts: Sequence[tuple[str, str]] | None = None
    history: History | None = None
    views: np.ndarray | None = None
    scores: Sequence[KeyScore] = ()
    table: ResultTable | None = None
    label_free: LabelFreeTable | None = None
    confusion: ClassConfusion | None = None
    neighbours: Neighbours | None = None
    feature_map: FeatureMap | None = None
    snippet: str | None = None
