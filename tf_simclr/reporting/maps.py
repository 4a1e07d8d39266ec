"""The map of a report: judged pictures laid out by their features, coloured by class.

Without a script it is a drawing of points; map.js makes it a canvas with the pictures themselves,
which can be zoomed and moved, and tells what is under the pointer.
"""

import json
from collections.abc import Sequence
from html import escape

import numpy as np

from tf_simclr.reporting.colours import class_colour
from tf_simclr.reporting.content import FeatureMap
from tf_simclr.reporting.markup import name, section

PLOT = 1000  # Units of the drawing's view box, and of the positions that the script reads.
MOST_IN_LEGEND = 40  # Classes; more are in a menu alone.


def map_section(feature_map: FeatureMap) -> str:
    """Draws the map.

    Args:
        feature_map: what to show; at least one picture.

    Returns:
        A <section> with a drawing, a legend, and the data for map.js.
    """
    labels = np.asarray(feature_map.labels)
    present = [int(label) for label in np.unique(labels) if label >= 0]
    explanation = "Pictures that the encoder finds similar are close to each other."
    if present:
        explanation += " Colours are classes."
    atlas = feature_map.atlas
    body = (
        f"<style>{_palette(present, len(feature_map.class_names))}</style>"
        f'<div class="card map" id="the-map">{_drawing(feature_map, present)}'
        f'<img class="atlas" hidden alt="" src="{atlas.uri}">'
        f'<script type="application/json">{_data(feature_map)}</script></div>'
        f"{_legend(labels, present, feature_map.class_names)}"
    )
    return section("map", "Map of the test pictures", explanation, body)


def _points(positions: np.ndarray) -> np.ndarray:
    """Int [n, 2] in the units of the plot, y downwards."""
    flipped = np.stack([positions[:, 0], 1 - positions[:, 1]], axis=1)
    return np.rint(PLOT * flipped).astype(int)


def _palette(present: Sequence[int], classes: int) -> str:
    """The colours of all classes that are there, for the drawing, the legend and the script."""
    schemes = {label: class_colour(label, classes) for label in (-1, *present)}
    light = "".join(f"--k{_key(label)}:{scheme.light};" for label, scheme in schemes.items())
    dark = "".join(f"--k{_key(label)}:{scheme.dark};" for label, scheme in schemes.items())
    return f"#map{{{light}}}@media (prefers-color-scheme:dark){{#map{{{dark}}}}}"


def _key(label: int) -> str:
    return "n" if label < 0 else str(label)


def _drawing(feature_map: FeatureMap, present: Sequence[int]) -> str:
    """Points as lines without length, which take a few letters each: one path for each class."""
    labels, points = np.asarray(feature_map.labels), _points(np.asarray(feature_map.positions))
    paths = []
    for label in (-1, *present):
        rows = np.flatnonzero(labels < 0 if label < 0 else labels == label)
        if len(rows):
            title = feature_map.class_names[label] if label >= 0 else "no class"
            line = "".join(f"M{x} {y}h0" for x, y in points[rows])
            paths.append(
                f'<path d="{line}" stroke="var(--k{_key(label)})"><title>{escape(title)}</title>'
                "</path>"
            )
    return (
        f'<svg class="points" viewBox="-20 -20 {PLOT + 40} {PLOT + 40}" role="img" aria-label="'
        f'{len(labels):,} test pictures as points, laid out by their features">'
        f"{''.join(paths)}</svg>"
    )


def _data(feature_map: FeatureMap) -> str:
    taken = feature_map.taken_for
    content = {
        "plot": PLOT,
        "points": _points(np.asarray(feature_map.positions)).ravel().tolist(),
        "columns": feature_map.atlas.columns,
        "tile": [feature_map.atlas.width, feature_map.atlas.height],
        "labels": np.asarray(feature_map.labels).tolist(),
        "names": list(feature_map.names),
        "classes": list(feature_map.class_names),
        "taken": None if taken is None else np.asarray(taken).tolist(),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # Nothing in it can end the script: "<" is written otherwise, as JSON allows.
    return text.replace("<", "\\u003c")


def _legend(labels: np.ndarray, present: Sequence[int], class_names: Sequence[str]) -> str:
    if not present:
        return ""
    if len(present) > MOST_IN_LEGEND:
        options = "".join(
            f'<option value="{label}">{escape(class_names[label])}</option>' for label in present
        )
        return (
            '<p class="legend needs-script" hidden><label>Show one class '
            f'<select id="map-class"><option value="">all {len(present):,}</option>{options}'
            "</select></label></p>"
        )
    items = "".join(
        f'<li><button type="button" data-class="{label}" aria-pressed="false">'
        f'<i style="background:var(--k{label})"></i>{name(class_names[label])}</button></li>'
        for label in present
    )
    unlabelled = int((labels < 0).sum())
    if unlabelled:
        items += (
            f'<li><span><i style="background:var(--kn)"></i>no class ({unlabelled:,})</span></li>'
        )
    return f'<ul class="legend">{items}</ul>'
