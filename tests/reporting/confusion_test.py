import re

import numpy as np
import pytest

from tf_simclr.reporting.confusion import CELL, CHARACTER, confusion_map

MATRIX = np.array([[5, 1, 0], [0, 7, 2], [3, 0, 4]])
NAMES = ["cat", "dog", "a longer name"]
RECT = r'<title>([^<]*)</title><rect class="(\w+)" x="(.*?)" y="(.*?)" width="(\d+)"'
COUNT = r'<text(?: class="strong")? x="([\d.]+)" y="([\d.]+)" text-anchor="middle">(\d+)</text>'
NAME = r'<text x="([\d.]+)" y="([\d.]+)" text-anchor="end"><title>(.*?)</title>'


@pytest.fixture(scope="module")
def drawing():
    return confusion_map(MATRIX, NAMES)


def test_a_cell_lies_in_the_row_of_its_class_and_the_column_of_what_it_was_taken_for(drawing):
    cells = re.findall(RECT, drawing)
    left, top = min(float(cell[2]) for cell in cells), min(float(cell[3]) for cell in cells)
    found = {
        (round((float(y) - top) / CELL), round((float(x) - left) / CELL)): (said, kind)
        for said, kind, x, y, _ in cells
    }
    assert set(found) == {(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 2)}
    assert found[0, 0] == ("cat correct: 5 of 6", "told")
    assert found[0, 1] == ("cat taken for dog: 1 of 6", "mistaken")
    assert found[2, 0] == ("a longer name taken for cat: 3 of 7", "mistaken")


def test_a_count_stands_in_the_middle_of_its_cell(drawing):
    cells = re.findall(RECT, drawing)
    middles = [(float(x) + CELL / 2, float(y) + CELL / 2) for _, _, x, y, _ in cells]
    counts = re.findall(COUNT, drawing)
    assert [int(count) for *_, count in counts] == MATRIX[MATRIX > 0].tolist()
    for (x, y), (at, line, _) in zip(middles, counts, strict=True):
        # A line of text is drawn upwards from its foot, of which 4 units are below its middle.
        assert (float(at), float(line) - 4) == pytest.approx((x, y), abs=0.11)


def test_names_stand_beside_their_rows_4_units_inside_of_the_frame(drawing):
    cells = min(float(x) for _, _, x, _, _ in re.findall(RECT, drawing))
    names = re.findall(NAME, drawing)
    assert [name for *_, name in names] == NAMES
    assert np.diff([float(y) for _, y, _ in names]) == pytest.approx(CELL, abs=0.11)
    for end, _, _ in names:
        assert float(end) == pytest.approx(cells - 8, abs=0.11)
        assert float(end) - len(NAMES[2]) * CHARACTER == pytest.approx(4, abs=0.11)
