"""What a network is trained on: rows of pictures, such as a picture and the views made of it."""

from html import escape

from tf_simclr.reporting.content import Views
from tf_simclr.reporting.markup import section

FEW = 4  # pictures: a row of more may break


def views_section(views: Views) -> str:
    """Draws each row as a card, with the captions of its pictures.

    Args:
        views: what to show.
    """
    words, columns = views.words, len(views.words.captions)
    rows = (
        "".join(_tile(views, row * columns + column, column) for column in range(columns))
        for row in range(views.sheet.count // columns)
    )
    kind = "strip" if columns <= FEW else "strip long"
    cards = "".join(
        f'<figure class="card {kind}" role="img" aria-label="Training picture {number}'
        f' {escape(words.row)}">{tiles}</figure>'
        for number, tiles in enumerate(rows, start=1)
    )
    several = "views" if columns <= FEW else "views long"
    body = f'<style>{views.sheet.css("views")}</style><div class="{several}">{cards}</div>'
    return section("views", escape(words.title), escape(words.explanation), body)


def _tile(views: Views, place: int, column: int) -> str:
    caption, marks = views.words.captions[column], ""
    if column == views.words.apart - 1:
        marks = "original"
    if not caption:
        return views.sheet.tile(place, marks)
    kind = f' class="{marks}"' if marks else ""
    return f"<span{kind}>{views.sheet.tile(place)}<small>{escape(caption)}</small></span>"
