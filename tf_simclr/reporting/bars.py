"""The share of right answers for each class, as bars."""

from collections.abc import Sequence
from html import escape

import numpy as np

from tf_simclr.reporting.markup import name, percent, section, share_bar

MOST_BARS = 60  # Of more classes the best and the worst are shown, and the rest is folded away.
BEST, WORST = 10, 30


def class_bars(matrix: np.ndarray, class_names: Sequence[str], by: str) -> str:
    """Draws a bar for each class that was shown, the worst first.

    Args:
        matrix: int [classes, classes]: the true class, then the predicted one.
        class_names: one for each class.
        by: who classified: "linear probe".

    Returns:
        A <section>; "" if no class was shown.
    """
    matrix = np.asarray(matrix)
    shown = matrix.sum(axis=1)
    classes = np.flatnonzero(shown)
    if not len(classes):
        return ""
    shares = matrix.diagonal()[classes] / shown[classes]
    order = np.lexsort((-shown[classes], shares))
    rows = [
        f'<li><span title="{escape(class_names[label])}">{name(class_names[label])}</span>'
        f"{share_bar(share)}<span>{percent(share, 0)}</span>"
        f"<small>{matrix[label, label]:,} of {shown[label]:,}</small></li>"
        for label, share in zip(classes[order], shares[order], strict=True)
    ]
    explanation = f"How often the {escape(by)} is right, the worst class first."
    if len(rows) <= MOST_BARS:
        return section("classes", "Classes", explanation, _bars(rows))
    folded = rows[WORST:-BEST]
    body = (
        f"{_bars(rows[:WORST])}<details><summary>{len(folded):,} more classes</summary>"
        f"{_bars(folded)}</details>{_bars(rows[-BEST:])}"
    )
    explanation += f" These are the {WORST} worst and the {BEST} best of {len(rows):,} classes."
    return section("classes", "Classes", explanation, body)


def _bars(rows: Sequence[str]) -> str:
    return f'<ol class="bars">{"".join(rows)}</ol>'
