"""The pictures that a classifier gets wrong: what each is, what it was taken for, and how sure."""

from html import escape

from tf_simclr.reporting.content import Mistake, Mistakes
from tf_simclr.reporting.markup import name, percent, section


def mistakes_section(mistakes: Mistakes) -> str:
    """Draws the mistakes, the surest first.

    Args:
        mistakes: what to show.
    """
    cards = "".join(_card(mistake, mistakes) for mistake in mistakes.shown)
    explanation = (
        f"The {escape(mistakes.by)} is wrong on {mistakes.count:,} of {mistakes.asked:,} test"
        " pictures. These are the ones where it is surest: look here first for wrong labels and"
        " for classes that look alike."
    )
    if not mistakes.count:
        explanation = f"The {escape(mistakes.by)} is right on all {mistakes.asked:,} test pictures."
    body = f"<style>{mistakes.sheet.css('mistakes')}</style>" if cards else ""
    body += f'<ul class="mistakes">{cards}</ul>' if cards else ""
    return section("mistakes", "Mistakes", explanation, body)


def _card(mistake: Mistake, mistakes: Mistakes) -> str:
    tile = mistakes.sheet.tile(mistake.picture, title=escape(mistake.name))
    return (
        f'<li class="card mistake">{tile}'
        f"<div>{name(mistake.label)}<small>taken for</small>{name(mistake.taken_for, 'wrong')}"
        f"<small>{percent(mistake.sureness, 0)} sure</small></div></li>"
    )
