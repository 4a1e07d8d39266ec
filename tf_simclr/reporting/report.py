"""The report of a run: one HTML file that fetches nothing from elsewhere."""

from collections.abc import Sequence
from html import escape

import numpy as np

from tf_simclr.reporting import content
from tf_simclr.reporting.confusion import HOW_TO_READ, MOST_CLASSES, confusion_list, confusion_map
from tf_simclr.reporting.curves import curve_figure
from tf_simclr.reporting.label_free import LabelFreeTable, label_free_table
from tf_simclr.reporting.maps import picture_map
from tf_simclr.reporting.pictures import SpriteSheet, png_uri, rgb
from tf_simclr.reporting.style import STYLE

MOST_BASELINES = 2  # The summary compares with so many rows below the first.
MOST_PAIRS = 16  # Pairs of views shown.
MOST_QUERIES = 24  # Queries shown: enough to judge, and the page stays below 3 MB.


def render(report: content.Report) -> str:
    """Renders a report.

    Args:
        report: what to show.

    Returns:
        A whole HTML document: styles and curves inline, pictures as data: URIs, no script, no
        link. Light or dark like the reader's system, readable on a phone and on paper. All text is
        escaped.

    Raises:
        ValueError: pictures that are not uint8 with 1 or 3 channels.
    """
    sections = [
        _summary(report),
        _results(report.table) if report.table else "",
        _label_free(report.label_free) if report.label_free else "",
        _confusion(report.confusion) if report.confusion else "",
        _neighbours(report.neighbours) if report.neighbours else "",
        _feature_map(report.feature_map) if report.feature_map else "",
        _curves(report.history) if report.history else "",
        _views(report.views) if report.views is not None else "",
        _snippet(report.snippet) if report.snippet else "",
        _run(report),
    ]
    opening = f"<p>{escape(report.opening)}</p>" if report.opening else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="data:,">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><header><h1>{escape(report.title)}</h1>{opening}</header>\n"
        + "\n".join(section for section in sections if section)
        + "\n</main></body></html>\n"
    )


def _section(title: str, explanation: str, body: str) -> str:
    text = f"<p>{explanation}</p>" if explanation else ""
    return f"<section><h2>{title}</h2>{text}{body}</section>"


def _percent(value: float | None) -> str:
    return "–" if value is None or not np.isfinite(value) else f"{100 * value:.1f} %"


def _summary(report: content.Report) -> str:
    """The key numbers: scores, the table's first row against the others, or the curves' ends."""
    keys = [_key(score.name, _percent(score.value), escape(score.note)) for score in report.scores]
    if report.table:
        keys += [_table_key(report.table, column) for column in range(len(report.table.columns))]
    elif not keys:
        keys = [_curve_key(name, values) for name, (_, values) in (report.history or {}).items()]
    return f'<ul class="keys">{"".join(keys)}</ul>' if any(keys) else ""


def _key(name: str, number: str, note: str) -> str:
    return f'<li class="key"><span>{escape(name)}</span><b>{number}</b><small>{note}</small></li>'


def _table_key(table: content.ResultTable, column: int) -> str:
    ours = table.rows[0].values[column]
    if ours is None:
        return ""
    gains = []
    for row in table.rows[1 : 1 + MOST_BASELINES]:
        theirs = row.values[column]
        if theirs is not None:
            gain = 100 * (ours - theirs)
            direction = ' class="up"' if gain > 0 else ""
            signed = f"{gain:+.1f}".replace("-", "−")
            gains.append(f"<em{direction}>{signed}</em> points vs {escape(row.name.lower())}")
    return _key(table.columns[column], _percent(ours), "<br>".join(gains))


def _curve_key(name: str, values: Sequence[float]) -> str:
    finite = [value for value in np.asarray(values, float).reshape(-1) if np.isfinite(value)]
    if not finite:
        return ""
    start = f"from {finite[0]:.3g} at the start" if len(finite) > 1 else ""
    return _key(name, f"{finite[-1]:.3g}", start)


def _results(table: content.ResultTable) -> str:
    columns = zip(*(row.values for row in table.rows))
    best = [max((v for v in values if v is not None), default=None) for values in columns]
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = []
    for row in table.rows:
        note = f"<small>{escape(row.note)}</small>" if row.note else ""
        cells = "".join(_cell(value, best[c]) for c, value in enumerate(row.values))
        rows.append(f'<tr><th scope="row">{escape(row.name)}{note}</th>{cells}</tr>')
    body = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Results"><table><thead><tr>'
        f'<th scope="col">Features</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )
    return _section("Results", escape(table.note), body)


def _cell(value: float | None, best: float | None) -> str:
    text = _percent(value)
    if value is None or not np.isfinite(value):
        return f"<td>{text}</td>"
    number = f"<b>{text}</b>" if value == best else text
    share = min(100.0, max(0.0, 100 * value))
    return f'<td>{number}<i style="--share:{share:.1f}%"></i></td>'


def _label_free(table: LabelFreeTable) -> str:
    return _section("Judged without labels", escape(table.note), label_free_table(table))


def _confusion(confusion: content.ClassConfusion) -> str:
    explanation, parts = escape(confusion.note), [confusion_list(confusion.pairs)]
    if len(confusion.matrix) <= MOST_CLASSES:
        explanation += f" {HOW_TO_READ}"
        parts.insert(0, confusion_map(confusion.matrix, confusion.class_names))
    start = '<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">'
    body = "".join(f"{start}{part}</div>" for part in parts if part)
    return _section("Confusion matrix", explanation, f'<div class="confusion">{body}</div>')


def _neighbours(neighbours: content.Neighbours) -> str:
    sheet = SpriteSheet.of("neighbours", neighbours.grid()[:MOST_QUERIES])
    rows = []
    for row in range(len(sheet.grid)):
        caption = neighbours.captions[row] if neighbours.captions else ""
        hits = neighbours.hits[row] if neighbours.hits is not None else np.zeros(5, bool)
        found = ", ".join(str(place + 1) for place in np.flatnonzero(hits)) or "none"
        marks = ["", *("hit" if hit else "" for hit in hits)]
        tiles = "".join(sheet.tile(row, column, mark) for column, mark in enumerate(marks))
        shown = f'<span title="{escape(caption)}">{escape(caption)}</span>' if caption else ""
        label = f"Query {escape(caption)} and its five nearest pictures; hits: {found}"
        rows.append(
            f'<li class="card query">{shown}<div class="row" role="img" aria-label="{label}">'
            f"{tiles}</div></li>"
        )
    explanation = "A test picture, then the five pictures whose features are nearest to its own"
    explanation += "; ✓ marks the same thing." if neighbours.hits is not None else "."
    body = f'<style>{sheet.css()}</style><ul class="queries {_sheet_classes(sheet)}">'
    return _section("Nearest neighbours", explanation, f"{body}{''.join(rows)}</ul>")


def _sheet_classes(sheet: SpriteSheet) -> str:
    """Small pictures are enlarged in sharp pixels, large ones are shrunk smoothly."""
    return sheet.name if max(sheet.grid.shape[2:4]) <= 48 else f"{sheet.name} smooth"


def _feature_map(feature_map: content.FeatureMap) -> str:
    positions = np.asarray(feature_map.positions, float)
    explanation = "Pictures that the encoder finds similar are close to each other."
    canvas = picture_map(positions, rgb("pictures", feature_map.pictures))
    label = f"{len(positions)} test pictures laid out by their features"
    body = f'<div class="map"><img src="{png_uri(canvas, palette=True)}" alt="{label}"></div>'
    return _section("Map of the test pictures", explanation, body)


def _curves(history: content.History) -> str:
    figures = "".join(
        curve_figure(name, steps, values).replace("<figure", '<figure class="card"', 1)
        for name, (steps, values) in history.items()
    )
    return _section("Training", "", f'<div class="curves">{figures}</div>')


def _views(views: np.ndarray) -> str:
    sheet = SpriteSheet.of("views", rgb("views", views)[:MOST_PAIRS])
    pairs = "".join(
        f'<figure class="card pair" role="img" '
        f'aria-label="Two augmented views of picture {row + 1}">'
        f"{sheet.tile(row, 0)}{sheet.tile(row, 1)}</figure>"
        for row in range(len(sheet.grid))
    )
    text = "Two random views of each picture. Training pulls the features of a pair together."
    body = f'<style>{sheet.css()}</style><div class="{_sheet_classes(sheet)}">{pairs}</div>'
    return _section("Augmented views", text, body)


def _snippet(snippet: str) -> str:
    code = f'<pre tabindex="0"><code>{escape(snippet.strip())}</code></pre>'
    return _section("Use the encoder", "", code)


def _run(report: content.Report) -> str:
    """The run's facts and its command."""
    pairs = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in report.facts or ()
    )
    body = f"<dl>{pairs}</dl>" if pairs else ""
    if report.command:
        body += f'<pre class="command"><code>{escape(report.command)}</code></pre>'
    return _section("This run", "", body) if body else ""
