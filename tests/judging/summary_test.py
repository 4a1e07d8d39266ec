"""What an evaluation prints."""

import math

import pytest

from tf_simclr.judging.summary import classifier_lines, percent, summary_lines
from tf_simclr.reporting.names import TOP_1, TOP_5


@pytest.mark.parametrize(
    ("share", "said"), [(0.5172, "51.7 %"), (1.0, "100.0 %"), (None, "-"), (math.nan, "-")]
)
def test_shares_are_printed_with_one_decimal(share, said):
    assert percent(share) == said


def test_a_classifier_is_told_of_where_there_is_one():
    assert classifier_lines("Student", {TOP_1: 0.25, TOP_5: 0.75}) == [
        "Student: top-1 25.0 %, top-5 75.0 %"
    ]
    assert classifier_lines("Student", {"knn_top1": 0.25}) == []


def test_what_came_out_is_printed_and_where_it_lies():
    result = {"knn_top1": 0.5, "raw_pixels/knn_top1": 0.25, "random_init/knn_top1": None}
    files, own = {"report": "run/report.html"}, ["Rotations: 80 %"]
    lines = summary_lines(result, files, lines=own, confused="cat as dog")
    assert [line.split() for line in lines if "%" in line] == [
        ["This", "encoder", "-", "50.0", "%", "-"],
        ["Raw", "pixels", "-", "25.0", "%", "-"],
        ["Rotations:", "80", "%"],
    ]
    assert "Most confused: cat as dog" in lines
    assert lines[-1].split() == ["report", "run/report.html"]
