import re

import numpy as np
import pytest

from tf_simclr.reporting.curves import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, curve_figure, ticks


def points(figure, kind):
    """Places of a figure's lines or bands: float [n, 2]."""
    found = re.findall(rf'class="{kind}" points="(.*?)"', figure)
    return np.array([pair.split(",") for run in found for pair in run.split()], float)


@pytest.mark.parametrize(
    "values",
    [[4, 2, 3], [-3, -1, -2], [-5, 100, 3], [0, 1, 0.5], [0.01, 0.9, 1], [-1, 0, -0.5], [7, 7, 7],
     [-7, -7, -7], [1e-9, 2e-9, 3e-9], [1e9, 1e9 + 1, 1e9 + 2], list(np.sin(np.arange(1000)))],
)  # fmt: skip
def test_any_curve_lies_within_its_frame(values):
    figure = curve_figure("Loss", np.arange(len(values)), values)
    for kind in ("line", "band"):
        x, y = points(figure, kind).T
        # Means of a long history begin and end within its first and last place.
        assert x.min() == pytest.approx(LEFT, abs=1) and x.min() >= LEFT
        assert x.max() == pytest.approx(WIDTH - RIGHT, abs=1) and x.max() <= WIDTH - RIGHT
        assert TOP <= y.min() <= y.max() <= HEIGHT - BOTTOM


def test_a_curve_tells_its_values_and_draws_the_larger_ones_higher():
    figure = curve_figure("Loss", [10, 20, 30], [4.0, 2.0, 3.0])
    assert re.findall(r"<title>(step.*?)</title>", figure) == [
        "step 10: 4",
        "step 20: 2",
        "step 30: 3",
    ]
    line = points(figure, "line")
    assert np.all((line > 0) & (line < [340, 190]))
    assert line[0, 1] < line[2, 1] < line[1, 1]  # SVG counts downwards: 4 above 3 above 2.


def test_a_curve_begins_at_0_where_that_wastes_little():
    def lowest(values):
        figure = curve_figure("Loss", np.arange(len(values)), values)
        return re.search(r'text-anchor="end">(.*?)<', figure)[1]

    assert lowest([1, 10]) == "0"
    assert lowest([9, 10]) != "0"


@pytest.mark.parametrize(
    "low, high, most, expected",
    [
        (0, 10, 5, [0, 2, 4, 6, 8]),
        (0, 1, 4, [0, 0.5, 1]),
        (-3, 3, 3, [-2, 0, 2]),
        (100, 1100, 5, [200, 400, 600, 800, 1000]),
    ],
)
def test_ticks_are_round_numbers_within_the_range(low, high, most, expected):
    np.testing.assert_allclose(ticks(low, high, most), expected, atol=1e-12)
