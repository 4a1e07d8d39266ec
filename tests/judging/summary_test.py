"""What an evaluation prints."""

import math

import pytest

from tf_simclr.judging.summary import (
    classifier_lines,
    label_free_lines,
    layer_lines,
    percent,
    summary_lines,
)
from tf_simclr.reporting.names import LABEL_FREE, ROWS, TOP_1, TOP_5


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


def test_scores_by_the_pyramid_have_a_table_of_their_own():
    result = {"knn_top1": 0.5, "pyramid/knn_top1": 0.75, "pyramid/hog/linear_probe_top1": 0.25}
    result |= {"hog/linear_probe_top1": 0.25, "raw_pixels/knn_top1": 0.2}
    lines = summary_lines(result, {}, lines=[], confused="")
    start = next(place for place, line in enumerate(lines) if line.startswith("Pyramid"))
    assert lines[start].split() == ["Pyramid", "Linear", "probe", "kNN", "Retrieval", "at", "1"]
    assert [line.split() for line in lines[start + 1 : start + 3]] == [
        ["This", "encoder", "-", "75.0", "%", "-"],
        ["HOG", "+", "colours", "25.0", "%", "-", "-"],
    ]
    assert lines[start + 3].startswith("The pyramid is an output") and max(map(len, lines)) <= 80
    assert not any(
        line.startswith("Pyramid") for line in summary_lines({}, {}, lines=[], confused="")
    )


@pytest.mark.parametrize("weights", ["trained", "averaged"])
def test_what_was_judged_without_labels_fits_a_terminal_and_says_what_is_better(weights):
    # The widest values: four digits before the point, as of 5,000 pictures and 4,096 features.
    values = {key: 1.0 if judge.form == "{:.1%}" else 4095.5 for key, judge in LABEL_FREE.items()}
    values |= {"feature_std": 1 / 64, "features": 4096}
    result = {row + key: value for row in ROWS for key, value in values.items()}
    result |= {"lidar_pictures": 500, "lidar_views": 10, "weights": weights}
    lines = label_free_lines(result)
    assert max(map(len, lines)) <= 80
    first, second = lines[1:3]  # Titles are in two lines.
    assert first.split()[0] == "Without" and second.split()[0] == "labels"
    assert ("Averaged" in first) == (weights == "averaged") and "encoder" in second
    rows = {line[:19].rstrip(): line[19:].split() for line in lines}
    assert rows["Two-view retrieval"] == [*("100.0", "%") * 4, "higher"]
    assert rows["Alignment"] == [*["4095.50"] * 4, "lower"]
    assert rows["alpha-ReQ"][-2:] == ["near", "1"]
    assert rows["Spread"][:2] == ["100.0", "%"]


def test_results_of_an_older_version_have_no_such_table():
    assert label_free_lines({"knn_top1": 0.5}) == []


@pytest.mark.parametrize("weights", ["trained", "averaged"])
def test_layers_fit_a_terminal_and_the_best_is_named_beside_the_last(weights):
    names = ["block_group3", "block_group3_2x2", "final"]
    result = {"layers": names, "weights": weights, "labelled_pictures": 1000}
    for row in ROWS:
        result |= {f"{row}probe/{name}": 1.0 - 0.1 * n for n, name in enumerate(names)}
        # The widest values: a share of one, and a name of 16 letters.
        result |= {f"{row}knn/{name}": 1.0 for name in names}
        result |= {f"{row}linear_probe_top1": 0.8, f"{row}best_layer": "block_group3_2x2"}
        result |= {f"{row}best_layer/linear_probe_top1": 0.9, f"{row}best_layer/knn_top1": 1.0}
    result |= {f"features/{name}": 8192 for name in names}
    result["random_init/probe/final"] = 0.25
    lines = layer_lines(result)
    assert max(map(len, lines)) <= 80
    rows = {line[:18].rstrip(): line[18:].split() for line in lines}
    assert rows["By layer"] == ["Features", "Linear", "probe", "kNN", "Retrieval", "Untrained"]
    assert rows["final"] == ["8,192", "80.0", "%", "100.0", "%", "-", "25.0", "%"]
    first = "Averaged encoder" if weights == "averaged" else "This encoder"
    for title in (first, "Raw pixels", "Untrained network"):
        assert rows[title] == ["80.0", "%", "90.0", "%", "100.0", "%", "-", "block_group3_2x2"]
    said = " ".join(lines)
    assert "No test picture decides" in said and "hurts at block_group3 (-10.0 points)" in said


def test_without_layers_there_is_no_such_table():
    assert layer_lines({"knn_top1": 0.5}) == []
    only = {"layers": ["final"], "retrieval/final": 0.5, "features/final": 8}
    assert [line.split() for line in layer_lines(only)[2:]] == [
        ["final", "8", "-", "-", "50.0", "%", "-"]
    ]
