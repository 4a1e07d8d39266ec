"""The report of a run: one HTML file that fetches nothing from elsewhere."""

import re
from html import escape

from tf_simclr.reporting.bars import class_bars
from tf_simclr.reporting.confusion import confusion_section
from tf_simclr.reporting.content import Report
from tf_simclr.reporting.curves import curve_figure
from tf_simclr.reporting.label_free import label_free_table
from tf_simclr.reporting.layers import layers_section
from tf_simclr.reporting.maps import map_section
from tf_simclr.reporting.markup import command, section
from tf_simclr.reporting.mistakes import mistakes_section
from tf_simclr.reporting.neighbours import neighbours_section
from tf_simclr.reporting.numbers import curve_cards, score_cards
from tf_simclr.reporting.pyramid import pyramid_section
from tf_simclr.reporting.style import MAP_SCRIPT, STYLE
from tf_simclr.reporting.views import views_section

# A section -> what its link says, where that is shorter than its heading.
SHORT = {
    "learned": "Numbers",
    "layers": "Layers",
    "without-labels": "Without labels",
    "neighbours": "Neighbours",
    "map": "Map",
    "confusion": "Confusion",
    "use": "Use it",
}


def render(report: Report) -> str:
    """Renders a report.

    Args:
        report: what to show.

    Returns:
        A whole HTML document: styles, curves and script inline, pictures as data: URIs, no link
        to elsewhere. Light or dark like the reader's system, readable on a phone, on paper and
        without scripts. All text is escaped.
    """
    by = report.mistakes.by if report.mistakes else "classifier"
    confusion = report.confusion
    sections = [
        _numbers(report),
        pyramid_section(report.pyramid) if report.pyramid else "",
        layers_section(report.layers) if report.layers else "",
        _label_free(report),
        neighbours_section(report.neighbours) if report.neighbours else "",
        map_section(report.feature_map) if report.feature_map else "",
        mistakes_section(report.mistakes) if report.mistakes else "",
        class_bars(confusion.matrix, confusion.class_names, by) if confusion else "",
        confusion_section(confusion) if confusion else "",
        _curves(report),
        views_section(report.views) if report.views else "",
        _snippet(report),
        _facts(report),
    ]
    body = "\n".join(part for part in sections if part)
    script = f"<script>{MAP_SCRIPT}</script>" if report.feature_map else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head>\n"
        f"<body><main><header><h1>{escape(report.title)}</h1>{_opening(report)}</header>\n"
        f"{_contents(body)}{body}\n</main>{script}</body></html>\n"
    )


def _opening(report: Report) -> str:
    state = f'<p class="state" role="status">{escape(report.state)}</p>' if report.state else ""
    return (f"<p>{escape(report.opening)}</p>" if report.opening else "") + state


def _contents(body: str) -> str:
    """Links to the sections; "" for fewer than three."""
    found = re.findall(r'<section id="([\w-]+)"><h2>(.*?)</h2>', body)
    if len(found) < 3:
        return ""
    links = "".join(f'<a href="#{name}">{SHORT.get(name, title)}</a>' for name, title in found)
    return f'<nav aria-label="Sections">{links}</nav>\n'


def _numbers(report: Report) -> str:
    if cards := score_cards(report.scores):
        return section("learned", "What was learned", "", cards)
    if cards := curve_cards(report.history):
        return section("learned", "Where it stands", "", cards)
    return ""


def _label_free(report: Report) -> str:
    if not report.label_free:
        return ""
    table, note = label_free_table(report.label_free), escape(report.label_free.note)
    return section("without-labels", "Judged without labels", note, table)


def _curves(report: Report) -> str:
    figures = "".join(
        curve_figure(title, steps, values).replace("<figure", '<figure class="card"', 1)
        for title, (steps, values) in report.history.items()
    )
    return section("training", "Training", "", f'<div class="curves">{figures}</div>') * bool(
        figures
    )


def _snippet(report: Report) -> str:
    if not report.snippet:
        return ""
    title, code = report.snippet
    body = f'<pre tabindex="0"><code>{escape(code.strip())}</code></pre>'
    return section("use", escape(title), "", body)


def _facts(report: Report) -> str:
    """The run's facts and its command."""
    pairs = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in report.facts
    )
    body = f"<dl>{pairs}</dl>" if pairs else ""
    if report.command:
        body += command(report.command)
    return section("facts", "This run", "", body) if body else ""
