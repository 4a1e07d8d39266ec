import pytest

from tf_simclr.judging import judge, summary
from tf_simclr.reporting.names import ROWS, SCORES, in_text


def test_every_score_and_row_of_a_result_has_its_name():
    assert list(SCORES) == [*judge.METRICS, summary.TOP_1, summary.TOP_5]
    assert ROWS == summary.ROWS


@pytest.mark.parametrize(
    ("name", "inside"), [("Linear probe, top-1", "linear probe, top-1"), ("kNN", "kNN"), ("", "")]
)
def test_inside_a_sentence_a_name_starts_small(name, inside):
    assert in_text(name) == inside
