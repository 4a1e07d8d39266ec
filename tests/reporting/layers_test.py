"""The page's section of layers: its tables, and the marks of its figure."""

import re

import numpy as np
import pytest
import whole

from tf_simclr.reporting import layers as module
from tf_simclr.reporting.layers import Layer, LayerTable, layer_figure, layers_section


def marks(figure, kind):
    """The marks of a line: (tooltip, x, y), and its points."""
    [line] = re.findall(rf'<g class="layer {kind}">(.*?</g>)</g>', figure, re.DOTALL)
    found = re.findall(r'translate\((\S+) (\S+)\)"><title>(.*?)</title>', line)
    [points] = re.findall(r'points="(.*?)"', line)
    return [(said, float(x), float(y)) for x, y, said in found], points.split()


def table_of(*layers):
    return LayerTable(("Linear probe",), [Layer(*layer) for layer in layers])


def test_each_layer_is_a_row_and_the_best_is_marked():
    page = layers_section(whole.layers_of())
    rows = re.findall(r'<tr( class="best")?><th scope="row">(.*?)</th>(.*?)</tr>', page)
    names = [name for _, name, _ in rows]
    assert names[:4] == ["stage1", "stage1_2x2", "stage2", "stage2_2x2"]
    assert [name for best, name, _ in rows if best] == ["final<small>best</small>"]
    cells = re.findall("<td>(.*?)</td>", rows[0][2])
    assert cells == ["64", "31.0\u202f%", "40.0\u202f%", "–", "15.5\u202f%"]
    assert "How it was chosen." in page
    # The best of each network, at the last layer and at the best.
    assert names[-2:] == [f"{kind}<small>final</small>" for kind in whole.KINDS]
    assert re.findall("<td>(.*?)</td>", rows[-1][2])[:2] == ["45.0\u202f%", "45.0\u202f%"]


@pytest.mark.parametrize("scores", [(0.31, 0.52, 0.47), (0.8, 0.9)])
def test_a_mark_lies_as_far_to_the_right_as_its_layer_is_good(scores):
    figure = layer_figure(whole.layers_of(scores=scores))
    averaged, points = marks(figure, "ours")
    assert [said for said, _, _ in averaged] == [
        *(f"stage{n}, averaged: {100 * s:.1f}\u202f%" for n, s in enumerate(scores, start=1)),
        "final, averaged: 45.0\u202f%",
    ]
    assert points == [f"{x:.1f},{y:.1f}" for _, x, y in averaged]
    finer, untrained = marks(figure, "finer")[0], marks(figure, "untrained")[0]
    every = [*averaged, *finer, *untrained]
    shares = np.array([float(said.split(": ")[1].split("\u202f")[0]) for said, _, _ in every])
    x = np.array([x for _, x, _ in every])
    # On one line: equal steps of the share are equal steps to the right.
    slope, start = np.polyfit(shares, x, 1)
    assert slope > 0
    np.testing.assert_allclose(x, slope * shares + start, atol=0.6)  # Shares are rounded.
    assert x.min() >= module.LEFT and x.max() <= module.WIDTH - module.RIGHT
    # Marks of one stage lie in one row, and a ResNet's stages follow each other downwards.
    assert [y for _, _, y in finer] == [y for _, _, y in averaged[:-1]]
    assert sorted({y for _, _, y in averaged}) == [y for _, _, y in averaged]


def test_the_ticks_are_where_their_numbers_would_be():
    figure = layer_figure(table_of(("a", "a", 4, [0.25]), ("b", "b", 4, [0.75])))
    places = {
        said: x
        for x, said in re.findall(
            r'<text x="(\S+)" y="\S+" text-anchor="middle">(.*?)\u202f%</text>', figure
        )
    }
    (_, left, _), (_, right, _) = marks(figure, "ours")[0]
    for said, x in places.items():
        expected = left + (float(said) / 100 - 0.25) / 0.5 * (right - left)
        assert float(x) == pytest.approx(expected, abs=0.11)
    assert len(places) > 2


@pytest.mark.parametrize("kinds", [("ours",), ("ours", "untrained"), ("finer",)])
def test_the_legend_names_the_lines_that_there_are(kinds):
    plain, end = "ours" in kinds, "" if "ours" in kinds else "_2x2"
    baseline = 0.2 if "untrained" in kinds else None
    figure = layer_figure(
        table_of(*((f"{s}{end}", s, 4, [0.5], baseline if plain else None) for s in "ab"))
    )
    assert re.findall(r'<i class="layer (\w+)">', figure) == list(kinds)
    assert re.findall(r'<g class="layer (\w+)">', figure) == list(reversed(kinds))


@pytest.mark.parametrize("scores", [[None, None], [0.5, None]])
def test_of_less_than_two_values_nothing_is_drawn(scores):
    layers = [(name, name, 4, [score]) for name, score in zip("ab", scores)]
    assert layer_figure(table_of(*layers)) == ""
    assert "<figure" not in layers_section(table_of(*layers))


def test_equal_values_are_drawn():
    figure = layer_figure(table_of(("a", "a", 4, [0.0]), ("b", "b", 4, [0.0])))
    assert "nan" not in figure and len(marks(figure, "ours")[0]) == 2


def test_a_layer_without_a_score_for_each_column_is_an_error():
    with pytest.raises(ValueError, match=r"`scores` must hold a value for each of the 2 columns"):
        LayerTable(("a", "b"), [Layer("stem", "stem", 4, [0.5])])
