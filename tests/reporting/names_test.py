import pytest

from tf_simclr.reporting.names import COLUMNS, SCORES, TOP_1, TOP_5, in_text


def test_every_score_of_a_result_has_its_name_and_a_column_a_shorter_one():
    assert list(SCORES) == [*COLUMNS, TOP_1, TOP_5]
    for key, name in COLUMNS.items():
        assert SCORES[key].startswith(name)


@pytest.mark.parametrize(
    ("name", "inside"), [("Linear probe, top-1", "linear probe, top-1"), ("kNN", "kNN"), ("", "")]
)
def test_inside_a_sentence_a_name_starts_small(name, inside):
    assert in_text(name) == inside
