"""The page's table of what was judged without labels: a row a judge, a column a network."""

import dataclasses
from collections.abc import Sequence
from html import escape

from tf_simclr.reporting import markup


@dataclasses.dataclass(frozen=True)
class LabelFreeRow:
    """One judge and what it found.

    Attributes:
        name: "RankMe".
        meaning: what it asks, and how to read it.
        better: which values are better: "higher", "lower" or "near 1".
        values: for each network, as it is shown.
    """

    name: str
    meaning: str
    better: str
    values: Sequence[str]


@dataclasses.dataclass(frozen=True)
class LabelFreeTable:
    """What was judged without labels.

    Attributes:
        networks: what was judged, this encoder first.
        rows: one for each judge.
        note: what the values are of, and how far to trust them.
    """

    networks: Sequence[str]
    rows: Sequence[LabelFreeRow]
    note: str

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.values) != len(self.networks):
                raise ValueError(
                    f"`rows` must hold a value for each of the {len(self.networks)} networks. "
                    f"Received: values={list(row.values)} in row {row.name!r}. "
                    'Give "-" where there is no value.'
                )


def label_free_table(table: LabelFreeTable) -> str:
    """The table as HTML, in a region that scrolls on a narrow screen."""
    heads = ["Judge", *table.networks, "Better"]
    return markup.table("Judged without labels", heads, "".join(map(_row, table.rows)))


def _row(row: LabelFreeRow) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in (*row.values, row.better))
    meaning = f"<small>{escape(row.meaning)}</small>"
    return f'<tr><th scope="row">{escape(row.name)}{meaning}</th>{cells}</tr>'
