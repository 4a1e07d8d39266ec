"""Small pieces of HTML that several sections share."""

import re
from collections.abc import Sequence
from html import escape

import numpy as np


def section(name: str, title: str, explanation: str, body: str) -> str:
    """A section of the page.

    Args:
        name: its id, for links to it.
        title: its heading, as HTML.
        explanation: a paragraph below, as HTML; "" for none.
        body: HTML.
    """
    text = f"<p>{explanation}</p>" if explanation else ""
    return f'<section id="{name}"><h2>{title}</h2>{text}{body}</section>'


def table(label: str, heads: Sequence[str], rows: str) -> str:
    """A table in a region that scrolls on a narrow screen.

    Args:
        label: what the region is called to those who do not see it.
        heads: titles of the columns, as text.
        rows: HTML.
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def percent(value: float | None, digits: int = 1) -> str:
    """A share in [0, 1] in percent, with a narrow space; a dash if there is none."""
    if value is None or not np.isfinite(value):
        return "–"
    return f"{100 * value:.{digits}f}\u202f%"


def name(text: str, marks: str = "") -> str:
    """A name in its own direction of writing, as HTML: an Arabic one leaves its neighbours alone.

    Args:
        text: the name.
        marks: CSS classes.
    """
    kind = f' class="{marks}"' if marks else ""
    broken = escape(text).replace("_", "_<wbr>")  # Names of folders and files have no spaces.
    return f"<bdi{kind}>{broken}</bdi>"


def command(text: str) -> str:
    """A command as HTML, with line breaks between its flags and not inside them.

    Args:
        text: the command.
    """
    words = (f"<span>{escape(word)}</span>" for word in re.split(r" (?='?--)", text))
    return f'<pre class="command" tabindex="0"><code>{" ".join(words)}</code></pre>'


def share_bar(share: float, marks: str = "") -> str:
    """A bar as long as a share of its place.

    Args:
        share: in [0, 1]; what lies outside is cut.
        marks: further CSS classes.
    """
    length = min(100.0, max(0.0, 100 * share))
    return f'<i class="{f"bar {marks}".strip()}" style="--share:{length:.1f}%"></i>'
