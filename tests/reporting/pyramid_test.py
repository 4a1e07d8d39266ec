import pytest

from tf_simclr.reporting.pyramid import PyramidTable, pyramid_section


def test_each_row_has_its_scores():
    html = pyramid_section(PyramidTable(("Linear probe", "kNN"), [("HOG & co", [0.583, None])]))
    assert '<section id="pyramid">' in html and "output of its own" in html
    cells = "<td>58.3\u202f%</td><td>–</td>"
    assert f'<tr><th scope="row">HOG &amp; co</th>{cells}</tr>' in html


def test_a_row_with_another_number_of_scores_is_refused():
    with pytest.raises(ValueError, match="`rows` must hold a score for each of the 2 columns"):
        PyramidTable(("Linear probe", "kNN"), [("HOG", [0.5])])
