"""The page's table of what was judged without labels."""

import re

import pytest

from tf_simclr.reporting.label_free import LabelFreeRow, LabelFreeTable, label_free_table

ROW = LabelFreeRow("RankMe", "directions < features", "higher", ["41.2", "-"])


def test_a_row_has_its_meaning_values_and_direction_escaped():
    page = label_free_table(LabelFreeTable(["This encoder", "Raw <pixels>"], [ROW], "Of 500."))
    assert re.findall(r"<th scope=\"col\">(.*?)</th>", page) == [
        *("Judge", "This encoder", "Raw &lt;pixels&gt;", "Better")
    ]
    assert re.findall(r"<td>(.*?)</td>", page) == ["41.2", "-", "higher"]
    assert "<small>directions &lt; features</small>" in page


def test_a_row_without_a_value_for_each_network_is_an_error():
    with pytest.raises(ValueError, match=r"`rows` must hold a value for each of the 3 networks"):
        LabelFreeTable(["a", "b", "c"], [ROW], "")
