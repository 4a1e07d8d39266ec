"""Training pictures, each with the two views that were made of it."""

from tf_simclr.reporting.content import Views
from tf_simclr.reporting.markup import section


def views_section(views: Views) -> str:
    """Draws each original before its two views.

    Args:
        views: what to show.
    """
    cards = "".join(
        f'<figure class="card triple" role="img" aria-label="Training picture {row + 1} and two'
        f' views of it">{views.sheet.tile(3 * row, "original")}{views.sheet.tile(3 * row + 1)}'
        f"{views.sheet.tile(3 * row + 2)}</figure>"
        for row in range(views.sheet.count // 3)
    )
    explanation = (
        "A training picture, then two random views of it. Training pulls the features of the two"
        " views together, so whatever differs between them is what the encoder learns to ignore."
    )
    body = f'<style>{views.sheet.css("views")}</style><div class="views">{cards}</div>'
    return section("views", "Views", explanation, body)
