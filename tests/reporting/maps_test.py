import json
import re

import numpy as np
import pytest
import whole

from tf_simclr.reporting.content import FeatureMap
from tf_simclr.reporting.maps import PLOT, map_section


def data_of(drawn):
    [text] = re.findall(r'<script type="application/json">(.*?)</script>', drawn)
    return json.loads(text)


def test_pictures_lie_at_their_places_x_to_the_right_and_y_upwards():
    corners = np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.25]], float)
    labels = np.array([0, 1, -1, 1])
    drawn = map_section(FeatureMap(corners, whole.sheet(4), list("abcd"), labels, ["cat", "dog"]))
    paths = re.findall(r'<path d="(.*?)" stroke="var\(--k(\w+)\)"><title>(.*?)</title>', drawn)
    # By hand: the plot is 1000 wide, and SVG counts downwards.
    assert paths == [
        ("M0 0h0", "n", "no class"),
        ("M0 1000h0", "0", "cat"),
        ("M1000 1000h0M500 750h0", "1", "dog"),
    ]
    points = np.reshape(data_of(drawn)["points"], (-1, 2)) / PLOT
    np.testing.assert_array_equal(points, np.stack([corners[:, 0], 1 - corners[:, 1]], axis=1))


def test_the_script_gets_names_classes_and_mistakes_of_each_picture():
    feature_map = whole.map_of(30)
    data = data_of(map_section(feature_map))
    assert data["names"] == feature_map.names and data["classes"] == feature_map.class_names
    assert data["labels"] == feature_map.labels.tolist()
    assert data["taken"] == feature_map.taken_for.tolist()
    assert (data["columns"], data["tile"]) == (6, [8, 8])  # 30 pictures about square.


@pytest.mark.parametrize(("classes", "items"), [(0, 0), (1, 1), (40, 40), (41, 0), (1000, 0)])
def test_few_classes_have_a_legend_and_many_a_menu(classes, items):
    labels = np.arange(2000) % max(1, classes) if classes else np.full(2000, -1)
    names = [f"class {number}" for number in range(classes)]
    positions = np.zeros((2000, 2))
    atlas = whole.Sheet(b"", 2000, 45, 8, 8)
    drawn = map_section(FeatureMap(positions, atlas, [""] * 2000, labels, names))
    assert drawn.count("<button") == items
    assert drawn.count("<option") == (classes + 1 if classes > 40 else 0)
    assert ("Colours are classes" in drawn) == (classes > 0)
