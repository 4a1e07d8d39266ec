"""What an evaluation prints: the table of scores, the classifier's accuracy, and the files."""

import itertools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from tf_simclr.evaluation.confusion import most_confused
from tf_simclr.evaluation.provenance import AVERAGED
from tf_simclr.reporting.ahead import ahead_note
from tf_simclr.reporting.by_layer import (
    BEST_LAYER,
    LAYER_FEATURES,
    OF_LAYER,
    best_layers,
    layer_notes,
    layers_in,
)
from tf_simclr.reporting.names import (
    COLUMNS,
    LABEL_FREE,
    PYRAMID,
    TOP_1,
    TOP_5,
    label_free_note,
    label_free_text,
    rows_in,
)
from tf_simclr.reporting.pyramid import NOTE

WIDTH = 80  # columns of a terminal
CELLS = (14, 8, 11, 11)  # columns of the cells of a table of layers
MOST_CONFUSED = 3  # Pairs of classes that the terminal names.


def summary_lines(
    result: Mapping[str, Any], files: Mapping[str, str], *, lines: Sequence[str], confused: str
) -> list[str]:
    """The printed lines of an evaluation: its results, and where its files are.

    Args:
      result: content of result.json.
      files: kind of file -> path.
      lines: the method's own results, as lines to print.
      confused: the most confused classes, in words; "" for none.
    """
    table = {title: row for title, row in rows(result).items() if any(v is not None for v in row)}
    said = _score_table("", table)
    if pyramid := pyramid_rows(result):
        said += [*_score_table("Pyramid", pyramid), *textwrap.wrap(NOTE, WIDTH)]
    said += textwrap.wrap(ahead_note(result), WIDTH)
    said += layer_lines(result)
    said += label_free_lines(result)
    for line in lines:
        said += ["", line]
    if confused:
        said.append(f"Most confused: {confused}")
    return [*said, "", *(f"{name:20} {path}" for name, path in files.items())]


def _score_table(corner: str, rows: Mapping[str, Sequence[float | None]]) -> list[str]:
    """The lines of a table of scores in COLUMNS; [] without rows."""
    if not rows:
        return []
    said = ["", f"{corner:20}" + "".join(f"{title:>16}" for title in COLUMNS.values())]
    for title, row in rows.items():
        said.append(f"{title:20}" + "".join(f"{percent(value):>16}" for value in row))
    return said


def label_free_lines(result: Mapping[str, Any]) -> list[str]:
    """The printed table of what was judged without labels; [] if nothing was.

    Args:
      result: content of result.json.
    """
    note, columns = label_free_note(result), titles(result)
    if not note:
        return []
    heads = {row: title.rsplit(" ", 1) for row, title in columns.items()}  # in two lines
    width = {row: max(8, *map(len, words)) + 2 for row, words in heads.items()}
    said = [""]
    for line, ends in enumerate((("Without", ""), ("labels", "better"))):
        head = "".join(f"{words[line]:>{width[row]}}" for row, words in heads.items())
        said.append(f"{ends[0]:19}{head}  {ends[1]}".rstrip())
    for key, judge in LABEL_FREE.items():
        values = "".join(f"{label_free_text(result, row, key):>{width[row]}}" for row in columns)
        said.append(f"{judge.title:19}{values}  {judge.better}")
    return [*said, *note]


def layer_lines(result: Mapping[str, Any]) -> list[str]:
    """The printed tables of layers, one of all and one of the best; [] if none were judged.

    Args:
      result: content of result.json.
    """
    names = layers_in(result)
    if not names:
        return []
    columns = ("Linear probe", "kNN", "Retrieval", "Untrained")
    said = ["", f"{'By layer':18}{'Features':>9}{_cells(columns)}"]
    for name in names:
        scores = [result.get(f"{kind}/{name}") for kind in OF_LAYER]
        scores.append(result.get(f"random_init/probe/{name}"))
        count = f"{result[f'{LAYER_FEATURES}/{name}']:,}"
        said.append(f"{name:18}{count:>9}{_cells(map(percent, scores))}")
    best = best_layers(result)
    if best:
        columns = ("of last layer", "best", "kNN", "Retrieval")
        said += ["", f"{'Linear probe':18}{_cells(columns)}  best layer"]
    for row, name in best.items():
        scores = [result.get(row + "linear_probe_top1")]
        scores += [result.get(f"{row}{BEST_LAYER}/{key}") for key in COLUMNS]
        said.append(f"{titles(result)[row]:18}{_cells(map(percent, scores))}  {name}")
    notes = [textwrap.wrap(note, WIDTH) for note in layer_notes(result)]
    return [*said, *itertools.chain(*notes)]


def _cells(texts: Iterable[str]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, CELLS))


def classifier_lines(title: str, result: Mapping[str, Any]) -> list[str]:
    """The printed line of a classifier's accuracy, if there is one.

    Args:
      title: what it is called.
      result: content of result.json.
    """
    if TOP_1 not in result:
        return []
    return [f"{title}: top-1 {percent(result[TOP_1])}, top-5 {percent(result[TOP_5])}"]


def rows(result: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """The table: a row's title -> its score in each column of COLUMNS; None where there is none."""
    return {
        title: [result.get(row + name) for name in COLUMNS] for row, title in titles(result).items()
    }


def pyramid_rows(result: Mapping[str, Any]) -> dict[str, list[float | None]]:
    """As `rows`, by the pyramid and with whitened neighbours; {} if that was not judged."""
    judged = {row: title for row, title in titles(result).items() if _by_pyramid(result, row)}
    return {
        title: [result.get(PYRAMID + row + name) for name in COLUMNS]
        for row, title in judged.items()
    }


def _by_pyramid(result: Mapping[str, Any], row: str) -> bool:
    return any(PYRAMID + row + name in result for name in COLUMNS)


def titles(result: Mapping[str, Any]) -> dict[str, str]:
    """Prefix of a row's keys -> its title: rows_in, as they are called for this result.

    Args:
      result: content of result.json.
    """
    return rows_in(result) | ({"": "Averaged encoder"} if result.get("weights") == AVERAGED else {})


def mixed_up(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    """The most confused pairs of classes: "bird as mammal (12 of 90), ..."; "" for none.

    Args:
      matrix: int [classes, classes] of confusion_matrix.
      class_names: one for each class.
    """
    return ", ".join(
        f"{class_names[p.label]} as {class_names[p.prediction]} ({p.count} of {p.shown})"
        for p in most_confused(matrix, limit=MOST_CONFUSED)
    )


def percent(value: float | None) -> str:
    """A share in [0, 1] as it is printed: "51.7 %", or "-" if there is none."""
    return "-" if value is None or not np.isfinite(value) else f"{100 * value:.1f} %"
