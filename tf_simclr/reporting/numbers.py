"""What was learned, in numbers: cards of scores beside their baselines."""

from collections.abc import Sequence
from html import escape

import numpy as np

from tf_simclr.reporting.content import History, Score
from tf_simclr.reporting.markup import percent, share_bar


def score_cards(scores: Sequence[Score]) -> str:
    """The scores with a value, as cards; "" for none."""
    cards = [_card(score) for score in scores if score.value is not None]
    return f'<ul class="keys">{"".join(cards)}</ul>' if cards else ""


def curve_cards(history: History) -> str:
    """Where the curves of a run begin and end, as cards; "" if there is no finite value."""
    cards = []
    for title, (_, values) in history.items():
        finite = [value for value in np.asarray(values, float).reshape(-1) if np.isfinite(value)]
        if finite:
            start = f"from {finite[0]:.3g} at the start" if len(finite) > 1 else ""
            cards.append(
                f'<li class="card key"><h3>{escape(title)}</h3><b>{finite[-1]:.3g}</b>'
                f"<small>{start}</small></li>"
            )
    return f'<ul class="keys">{"".join(cards)}</ul>' if cards else ""


def _card(score: Score) -> str:
    rows = [
        f'<li class="ours">{share_bar(score.value)}</li>'
        if score.share and score.value is not None
        else ""
    ]
    for title, value in score.baselines:
        if value is not None:
            bar = share_bar(value) if score.share else ""
            rows.append(
                f"<li><span>{escape(title)}</span><span>{_number(value, score.share)}</span>"
                f"{bar}</li>"
            )
    note = f"<small>{escape(score.note)}</small>" if score.note else ""
    return (
        f'<li class="card key"><h3>{escape(score.name)}</h3>'
        f"<b>{_number(score.value, score.share)}</b>"
        f'<ul class="beside">{"".join(rows)}</ul>'
        f"<small>{escape(score.meaning)}</small>{note}</li>"
    )


def _number(value: float | None, share: bool) -> str:
    if value is None or not np.isfinite(value):
        return "–"
    if share:
        return percent(value)
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}".replace("-", "−")
