"""The page's section of layers: a table, a small figure of accuracy by layer, and the best ones."""

import dataclasses
from collections.abc import Sequence
from html import escape

from tf_simclr.reporting import markup
from tf_simclr.reporting.curves import ticks
from tf_simclr.reporting.markup import percent, section

# Units of the figure's view box: about the pixels of a phone, so that text stays legible.
WIDTH, LEFT, RIGHT, TOP, BOTTOM, ROW = 340, 100, 14, 4, 26, 32


@dataclasses.dataclass(frozen=True)
class Layer:
    """One layer, and how well it does.

    Attributes:
        name: "block_group3_2x2".
        stage: name of the layer that it is another pooling of: "block_group3"; its own name
            otherwise.
        features: how many numbers it has of a picture.
        scores: in [0, 1], one for each column of the table; None where there is none. The first is
            drawn.
        baseline: the first score of the same layer before training.
        best: whether it was chosen.
    """

    name: str
    stage: str
    features: int
    scores: Sequence[float | None]
    baseline: float | None = None
    best: bool = False


@dataclasses.dataclass(frozen=True)
class BestLayer:
    """The best layer of one network.

    Attributes:
        network: "Raw pixels".
        name: of the layer.
        last: the first score of its last layer.
        scores: of the best layer, one for each column of the table.
    """

    network: str
    name: str
    last: float | None
    scores: Sequence[float | None]


@dataclasses.dataclass(frozen=True)
class LayerTable:
    """What was judged layer by layer.

    Attributes:
        columns: titles of the scores.
        layers: in the network's order.
        best: of each network, this one first; () if none was chosen.
        note: how the best was chosen, and where a finer pooling helps.
    """

    columns: Sequence[str]
    layers: Sequence[Layer]
    best: Sequence[BestLayer] = ()
    note: str = ""

    def __post_init__(self) -> None:
        given = [(row.name, row.scores) for row in self.layers]
        for name, scores in [*given, *((row.name, row.scores) for row in self.best)]:
            if len(scores) != len(self.columns):
                raise ValueError(
                    f"`scores` must hold a value for each of the {len(self.columns)} columns."
                    f" Received: scores={list(scores)} of {name!r}. Give None where there is no"
                    " value."
                )


def layers_section(table: LayerTable) -> str:
    """Draws the figure beside the table, and below them the best layer of each network.

    Args:
        table: what to show.
    """
    figure = layer_figure(table)
    body = f'<div class="layers">{figure}{_table(table)}</div>{_best(table)}'
    return section("layers", "Layer by layer", escape(table.note), body)


def layer_figure(table: LayerTable) -> str:
    """The first score by layer, one row a stage: a line for each pooling and for no training.

    Args:
        table: what to show.

    Returns:
        A <figure>; "" if fewer than two layers have this score.
    """
    stages = list(dict.fromkeys(layer.stage for layer in table.layers))
    plain = {layer.stage: layer.scores[0] for layer in table.layers if layer.name == layer.stage}
    lines = {
        "ours": plain,
        "finer": {row.stage: row.scores[0] for row in table.layers if row.name != row.stage},
        "untrained": {row.stage: row.baseline for row in table.layers if row.name == row.stage},
    }
    known = [value for line in lines.values() for value in line.values() if value is not None]
    if len(known) < 2:
        return ""
    low, high = _range(min(known), max(known))
    height = TOP + ROW * len(stages) + BOTTOM

    def place(stage: str, value: float) -> tuple[float, float]:
        share = (value - low) / (high - low)
        x = LEFT + share * (WIDTH - LEFT - RIGHT)
        return x, TOP + ROW * (stages.index(stage) + 0.5)

    parts = [_grid(low, high, height)]
    for stage in stages:
        _, y = place(stage, low)
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{escape(stage)}</text>'
        )
    for kind in ("untrained", "finer", "ours"):  # What counts most lies on top.
        points = [(s, v) for s, v in lines[kind].items() if v is not None]
        if points:
            parts.append(_line(kind, [(s, v, *place(s, v)) for s, v in points]))
    kinds = [kind for kind, line in lines.items() if any(v is not None for v in line.values())]
    label = f"{table.columns[0]} of {len(stages)} layers"
    return (
        f'<figure class="card"><figcaption><b>{escape(table.columns[0])} by layer</b>'
        f"<span>{''.join(_KEYS[kind] for kind in kinds)}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg></figure>"
    )


_NAMES = {"ours": "averaged", "finer": "pooled to 2x2", "untrained": "untrained, averaged"}
# Shapes differ as well as colours. Around (0, 0).
_MARKS = {
    "ours": '<circle r="4"/>',
    "finer": '<path d="M0 -5.5L5.5 0L0 5.5L-5.5 0Z"/>',
    "untrained": '<circle r="3" class="open"/>',
}
_KEYS = {
    kind: f'<i class="layer {kind}"><svg viewBox="-7 -7 14 14" aria-hidden="true">{mark}</svg>'
    f"{_NAMES[kind]}</i>"
    for kind, mark in _MARKS.items()
}


def _line(kind: str, points: Sequence[tuple[str, float, float, float]]) -> str:
    """A line down the rows, and a mark with its tooltip for each (stage, value, x, y)."""
    path = " ".join(f"{x:.1f},{y:.1f}" for _, _, x, y in points)
    marks = "".join(
        f'<g transform="translate({x:.1f} {y:.1f})"><title>{escape(stage)}, {_NAMES[kind]}:'
        f" {percent(value)}</title>{_MARKS[kind]}</g>"
        for stage, value, x, y in points
    )
    return f'<g class="layer {kind}"><polyline points="{path}"/>{marks}</g>'


def _range(low: float, high: float) -> tuple[float, float]:
    """A range of shares with some room, from 0 if that wastes little."""
    room = max(0.05 * (high - low), 0.005)
    return (0.0 if low < 0.4 * high else low - room), high + room


def _grid(low: float, high: float, height: int) -> str:
    parts, base = [], height - BOTTOM
    for value in ticks(100 * low, 100 * high, 5):
        x = LEFT + (value / 100 - low) / (high - low) * (WIDTH - LEFT - RIGHT)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{base}"/>')
        text = f"{value:.4g}\u202f%"
        parts.append(f'<text x="{x:.1f}" y="{base + 17}" text-anchor="middle">{text}</text>')
    return "".join(parts)


def _table(table: LayerTable) -> str:
    heads = ["Layer", "Features", *table.columns, f"{table.columns[0]}, untrained"]
    rows = "".join(
        f'<tr{_BEST * layer.best}><th scope="row">{escape(layer.name)}'
        f"{'<small>best</small>' * layer.best}</th><td>{layer.features:,}</td>"
        + "".join(f"<td>{percent(value)}</td>" for value in (*layer.scores, layer.baseline))
        + "</tr>"
        for layer in table.layers
    )
    return markup.table("Layers", heads, rows)


_BEST = ' class="best"'


def _best(table: LayerTable) -> str:
    if not table.best:
        return ""
    first, *others = table.columns
    heads = ["Network, and its best layer", f"{first}, last layer", f"{first}, best", *others]
    rows = "".join(
        f'<tr><th scope="row">{escape(row.network)}<small>{escape(row.name)}</small></th>'
        + "".join(f"<td>{percent(value)}</td>" for value in (row.last, *row.scores))
        + "</tr>"
        for row in table.best
    )
    return markup.table("Best layers", heads, rows)
