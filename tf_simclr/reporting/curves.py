"""A curve of a training run as inline SVG: line, band, ticks, and a tooltip for every point."""

import html
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

# Units of the view box: about the pixels of a card on a phone, so that text stays legible.
WIDTH, HEIGHT = 340, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 10, 8, 36
MOST_PLACES = 150  # Along the x axis; longer histories are averaged, and the band has the extremes.


def curve_figure(name: str, steps: Sequence[float], values: Sequence[float]) -> str:
    """Draws one series over the steps.

    Args:
        name: what is drawn, with its unit if it has one.
        steps: [points], rising.
        values: [points]. Values that are not finite leave gaps, and the caption counts them.

    Returns:
        A <figure>; if no value is finite, it says so.

    Raises:
        ValueError: not as many steps as values.
    """
    x, y = np.asarray(steps, float).reshape(-1), np.asarray(values, float).reshape(-1)
    if len(x) != len(y):
        raise ValueError(
            f"`steps` and `values` of {name!r} must be equally long. "
            f"Received: len(steps)={len(x)}, len(values)={len(y)}. Give the step of each value."
        )
    known = np.isfinite(x)
    finite = y[known & np.isfinite(y)]
    caption = f"<b>{html.escape(name)}</b>"
    if not len(finite):
        return f"<figure><figcaption>{caption}</figcaption><p>No values recorded.</p></figure>"
    span = f"{finite[0]:.3g} → {finite[-1]:.3g}" if len(finite) > 1 else f"{finite[0]:.3g}"
    broken = len(y) - len(finite)
    drawing = _drawing(x[known], y[known])
    gaps = f" · {broken:,} not finite" if broken else ""
    return (
        f"<figure><figcaption>{caption}<span>{span}{gaps}</span></figcaption>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(name)} by step: {span}">{drawing}</svg></figure>'
    )


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) within a range.

    Args:
        low: start of the range.
        high: end of the range, above low.
        most: the largest number of ticks.

    Returns:
        Rising multiples of the step.
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10, 20) if m * power >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)][:most]


def _drawing(x: np.ndarray, y: np.ndarray) -> str:
    x, mean, low, high = _places(x, y)
    x_range = _range(x.min(), x.max(), padding=0)
    y_range = _range(np.nanmin(low), np.nanmax(high), padding=0.06)
    across = _across(x, x_range)
    mean_y, low_y, high_y = (_down(values, y_range) for values in (mean, low, high))
    parts = [_grid(x_range, y_range)]
    for run in _finite_runs(mean):
        if run.stop - run.start == 1:  # A line of one point would not be seen.
            cx, cy = across[run.start], mean_y[run.start]
            parts.append(f'<circle class="dot" cx="{cx:.1f}" cy="{cy:.1f}" r="3"/>')
            continue
        upper = _path(across[run], high_y[run])
        lower = _path(across[run][::-1], low_y[run][::-1])
        parts.append(f'<polygon class="band" points="{upper} {lower}"/>')
        parts.append(f'<polyline class="line" points="{_path(across[run], mean_y[run])}"/>')
    return "".join(parts) + _tooltips(x, mean, across)


def _places(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
    """Step, mean, lowest, highest of at most MOST_PLACES runs of points; NaN if none is finite."""
    rows = np.array_split(np.arange(len(x)), min(len(x), MOST_PLACES))
    places = []
    for row in rows:
        finite = y[row][np.isfinite(y[row])]
        if len(finite):
            places.append((x[row].mean(), finite.mean(), finite.min(), finite.max()))
        else:
            places.append((x[row].mean(), np.nan, np.nan, np.nan))
    return tuple(np.array(places).T)


def _finite_runs(values: np.ndarray) -> Iterator[slice]:
    """Slices of neighbouring finite values."""
    padded = np.concatenate([[False], np.isfinite(values), [False]])
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        yield slice(int(start), int(stop))


def _range(low: float, high: float, *, padding: float) -> tuple[float, float]:
    """A range with an extent; it starts at 0 if that wastes little of it."""
    if low == high:
        margin = abs(low) / 2 or 1.0
        return low - margin, high + margin
    margin = padding * (high - low)
    return (0.0 if 0 <= low < 0.4 * high else low - margin), high + margin


def _across(steps: Any, x_range: tuple[float, float]) -> Any:
    return LEFT + (steps - x_range[0]) / (x_range[1] - x_range[0]) * (WIDTH - LEFT - RIGHT)


def _down(values: Any, y_range: tuple[float, float]) -> Any:
    share = (values - y_range[0]) / (y_range[1] - y_range[0])
    return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _grid(x_range: tuple[float, float], y_range: tuple[float, float]) -> str:
    base = HEIGHT - BOTTOM
    parts = []
    for value in ticks(*y_range, 5):
        y = _down(value, y_range)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    for value in ticks(*x_range, 4):
        x = _across(value, x_range)
        parts.append(f'<path class="axis" d="M{x:.1f} {base}v4"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{base + 17}" text-anchor="middle">{_number(value)}</text>'
        )
    parts.append(f'<path class="axis" d="M{LEFT} {base}H{WIDTH - RIGHT}"/>')
    parts.append(f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 3}" text-anchor="end">step</text>')
    return "".join(parts)


def _tooltips(x: np.ndarray, mean: np.ndarray, across: np.ndarray) -> str:
    """An invisible column around every point, whose <title> the browser shows."""
    edges = np.concatenate([[LEFT], (across[1:] + across[:-1]) / 2, [WIDTH - RIGHT]])
    return "".join(
        f'<rect class="place" x="{left:.1f}" y="{TOP}" width="{max(0.0, right - left):.1f}" '
        f'height="{HEIGHT - TOP - BOTTOM}"><title>step {_number(step)}: '
        f"{f'{value:.5g}' if np.isfinite(value) else 'not finite'}</title></rect>"
        for left, right, step, value in zip(edges[:-1], edges[1:], x, mean, strict=True)
    )


def _path(x: np.ndarray, y: np.ndarray) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.3g}"
