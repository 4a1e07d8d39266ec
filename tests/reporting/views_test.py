"""Rows of what a network is trained on: their captions, their order, and pages of older runs."""

import re

import pytest
import whole

from tf_simclr.reporting.content import PAIRS, Views, ViewWords
from tf_simclr.reporting.views import views_section


def drawn(columns, rows=2, apart=0, **words):
    captions = [f"caption <{column}>" for column in range(columns)]
    told = {"title": "A & B", "explanation": "<All> of it.", "row": 'and "more"'} | words
    views = Views(whole.sheet(columns * rows), ViewWords(captions=captions, apart=apart, **told))
    return views_section(views)


@pytest.mark.parametrize(("columns", "rows"), [(1, 3), (4, 2), (13, 2)])
def test_every_row_has_all_its_pictures_in_order_each_with_its_caption(columns, rows):
    page = drawn(columns, rows)
    cards = page.split("<figure")[1:]
    assert len(cards) == rows
    places = re.findall(r"background-position:(\S+ \S+)\"", page)
    expected = [whole.sheet(columns * rows).tile(place) for place in range(columns * rows)]
    assert [re.search(r"position:(.*?)\"", tile)[1] for tile in expected] == places
    for card in cards:
        said = re.findall(r"<small>caption &lt;(\d+)&gt;</small>", card)
        assert said == [str(column) for column in range(columns)]


def test_a_row_is_read_out_and_all_text_is_escaped():
    page = drawn(2)
    assert 'aria-label="Training picture 2 and &quot;more&quot;"' in page
    assert "A &amp; B</h2>" in page and "&lt;All&gt; of it." in page


def test_what_the_network_does_not_see_is_set_apart():
    """The last picture of those at the start has a gap behind it."""
    spans = re.findall(r"<span(.*?)><i", drawn(4, rows=1, apart=2))
    assert spans == ["", ' class="original"', "", ""]
    assert "original" not in drawn(4)


def test_only_long_rows_may_break():
    assert '"card strip"' in drawn(4) and '"card strip long"' in drawn(5)


def test_views_without_words_are_pairs_behind_their_originals_as_older_runs_kept_them():
    page = views_section(Views(whole.sheet(6)))
    assert len(page.split("<figure")) == 3 and "<small>" not in page
    assert re.findall(r'<i class="(tile.*?)"', page) == ["tile original", "tile", "tile"] * 2
    assert 'aria-label="Training picture 1 and two views of it"' in page
    assert PAIRS.explanation in page and "<h2>Views</h2>" in page
