"""The page's table of the pyramid, and of other features in the same way."""

import dataclasses
from collections.abc import Sequence
from html import escape

from tf_simclr.reporting import markup
from tf_simclr.reporting.markup import percent, section

# Of the pyramid's scores, in a terminal and on the page.
NOTE = (
    "The pyramid is an output of its own of the exports: several stages side by side. The linear"
    " probe reads features as they are; neighbours are found after whitening, in every row."
)


@dataclasses.dataclass(frozen=True)
class PyramidTable:
    """Scores by the pyramid.

    Attributes:
        columns: titles of the scores.
        rows: (what was judged, its scores in [0, 1], one for each column; None for none).
    """

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[float | None]]]

    def __post_init__(self) -> None:
        for name, scores in self.rows:
            if len(scores) != len(self.columns):
                raise ValueError(
                    f"`rows` must hold a score for each of the {len(self.columns)} columns."
                    f" Received: scores={list(scores)} of {name!r}. Give None where there is none."
                )


def pyramid_section(table: PyramidTable) -> str:
    """The section as HTML."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{percent(value)}</td>" for value in scores)
        + "</tr>"
        for name, scores in table.rows
    )
    body = markup.table("Pyramid", ["Features", *table.columns], rows)
    return section("pyramid", "Pyramid", NOTE, body)
