"""Pictures and their nearest neighbours: one row by this encoder, one by each baseline."""

from html import escape

from tf_simclr.reporting.content import Neighbours, Query
from tf_simclr.reporting.markup import name, percent, section


def neighbours_section(neighbours: Neighbours) -> str:
    """Draws each query with its neighbours.

    Args:
        neighbours: what to show.

    Returns:
        A <section>, with the sheet of its pictures.
    """
    queries = "".join(_query(query, neighbours) for query in neighbours.queries)
    return section(
        "neighbours",
        "Nearest neighbours",
        _explanation(neighbours),
        f"<style>{neighbours.sheet.css('neighbours')}</style>"
        f'<ul class="queries neighbours">{queries}</ul>',
    )


def _explanation(neighbours: Neighbours) -> str:
    said = "A test picture, and those whose features are nearest to its own."
    if neighbours.shares is None:
        return said
    shares = [
        f"<b>{percent(share, 0)}</b> by {escape(_inside(title))}"
        for title, share in zip(neighbours.features, neighbours.shares, strict=True)
    ]
    return (
        f"{said} ✓ marks the same thing: over {neighbours.asked:,} test pictures, "
        f"{', '.join(shares)}."
    )


def _inside(title: str) -> str:
    return title[:1].lower() + title[1:]


def _query(query: Query, neighbours: Neighbours) -> str:
    rows = []
    for kind, title in enumerate(neighbours.features):
        hits = query.hits[kind] if query.hits is not None else [False] * len(query.found[kind])
        places = [str(place + 1) for place, hit in enumerate(hits) if hit]
        said = f"; the same thing: {', '.join(places) or 'none'}" if query.hits is not None else ""
        tiles = "".join(
            neighbours.sheet.tile(picture, "hit" if hit else "")
            for picture, hit in zip(query.found[kind], hits, strict=True)
        )
        rows.append(
            f'<div><small>{escape(title)}</small><div class="row" role="img" aria-label="'
            f"The nearest to {escape(query.caption or 'the picture')} by {escape(_inside(title))}"
            f'{said}">{tiles}</div></div>'
        )
    caption = name(query.caption, "caption") if query.caption else ""
    return (
        f'<li class="card query"><figure>{neighbours.sheet.tile(query.picture)}'
        f"{caption}</figure><div>{''.join(rows)}</div></li>"
    )
