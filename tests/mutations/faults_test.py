"""The catalogue of faults stays one of this code: whoever moves code moves its faults."""

import pathlib

import pytest
from drawn import DRAWN
from faults import FAULTS

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("fault", (*FAULTS, *DRAWN), ids=lambda fault: fault.what)
def test_the_text_of_a_fault_is_in_its_file_once(fault):
    text = (ROOT / fault.file).read_text()
    assert text.count(fault.old) == 1
    compile(text.replace(fault.old, fault.new), fault.file, "exec")


def test_each_fault_has_a_name_of_its_own():
    assert len({fault.what for fault in (*FAULTS, *DRAWN)}) == len(FAULTS) + len(DRAWN)


def test_every_larger_module_has_two_faults():
    files = [fault.file for fault in FAULTS]
    larger = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "tf_simclr").rglob("*.py")
        if len(path.read_text().splitlines()) > 80
    ]
    assert [file for file in larger if files.count(file) < 2] == []
