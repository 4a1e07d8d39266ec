"""The confusion matrix of a report: a heat map as inline SVG, and the worst pairs as a list."""

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

HOW_TO_READ = (
    "Each row is a class, each column a prediction. Blue is correct, orange is wrong; the stronger"
    " the colour, the larger the share of the row. The correct share is at the end of the row."
)
MOST_CLASSES = 50  # Of a map; beyond them a cell is too small to point at.
MOST_COUNTED = 20  # Classes of a map with its counts written in.
CELL, SMALL_CELL = 38, 17  # Units of the view box, with counts and without: pixels on a screen.
LONGEST_NAME = 24  # Characters; the whole name is in the tooltip.
CHARACTER = 6.4  # Units, on average.
SLANT = 0.71  # Of names above the columns: the sine of 45 degrees.
RIGHT = 46  # Units, for the share of each row that is right.


def confusion_map(matrix: np.ndarray, class_names: Sequence[str]) -> str:
    """Draws a matrix of at most 50 classes; a cell's colour is its share of the row.

    Args:
        matrix: int [classes, classes]: the true class, then the predicted one.
        class_names: one for each class.

    Returns:
        An <svg> with a tooltip for each cell that is not 0; for up to 20 classes also its count.
    """
    classes = len(matrix)
    cell = CELL if classes <= MOST_COUNTED else SMALL_CELL
    names = [_short(name) for name in class_names]
    longest = max(map(len, names)) * CHARACTER
    left, top = longest + 12, longest * SLANT + 16
    end = left + classes * cell
    width = end + max(RIGHT, longest * SLANT - cell / 2 + 8)
    height = top + classes * cell + 4
    parts = [_lines(classes, cell, left, top)]
    for number, (name, whole) in enumerate(zip(names, class_names, strict=True)):
        middle = (number + 0.5) * cell
        parts.append(_text(name, left - 8, top + middle + 4, whole, 'text-anchor="end"'))
        x, y = left + middle + 3, top - 7
        parts.append(_text(name, x, y, whole, f'transform="rotate(-45 {x:.1f} {y:.1f})"'))
        row = matrix[number]
        right = f"{100 * row[number] / row.sum():.0f} %" if row.sum() else "–"
        parts.append(_text(right, end + 8, top + middle + 4, f"{whole}: correct share"))
        parts.extend(_cells(row, number, class_names, (left, top + number * cell, cell)))
    return (
        f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="width:{width:.0f}px" role="img"'
        f' aria-label="Confusion matrix of {classes} classes">{"".join(parts)}</svg>'
    )


def confusion_list(pairs: Sequence[tuple[str, str, int, int]]) -> str:
    """Lists pairs of classes that are mixed up.

    Args:
        pairs: as in ClassConfusion.

    Returns:
        A <table>; nothing for no pairs.
    """
    if not pairs:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(taken)}</td>'
        f"<td>{count} of {shown}</td></tr>"
        for name, taken, count, shown in pairs
    )
    return (
        '<table class="pairs"><thead><tr><th scope="col">Most often mixed up</th>'
        '<th scope="col">Taken for</th><th scope="col">Pictures</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _cells(
    row: np.ndarray, label: int, class_names: Sequence[str], place: tuple[float, float, int]
) -> Iterator[str]:
    left, y, cell = place
    total = row.sum()
    for column in np.flatnonzero(row):
        share, x = row[column] / total, left + column * cell
        strength = np.sqrt(share)  # So that a tenth can be seen.
        kind = "told" if column == label else "mistaken"
        said = f"{class_names[label]} taken for {class_names[column]}"
        said = f"{class_names[label]} correct" if column == label else said
        yield (
            f"<g><title>{escape(said)}: {row[column]} of {total}</title>"
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{cell}" height="{cell}" '
            f'fill-opacity="{strength:.2f}"/>'
        )
        if cell == CELL:
            strong = ' class="strong"' if strength > 0.65 else ""  # Light text on a dark cell.
            yield (
                f'<text{strong} x="{x + cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}" '
                f'text-anchor="middle">{row[column]}</text>'
            )
        yield "</g>"


def _lines(classes: int, cell: int, left: float, top: float) -> str:
    """The lines between the cells of a map."""
    side = classes * cell
    path = "".join(
        f"M{left:.1f} {top + at:.1f}h{side}M{left + at:.1f} {top:.1f}v{side}"
        for at in range(0, side + 1, cell)
    )
    return f'<path class="grid" d="{path}"/>'


def _text(text: str, x: float, y: float, tooltip: str, attributes: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" {attributes}><title>{escape(tooltip)}</title>'
        f"{escape(text)}</text>"
    )


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"
