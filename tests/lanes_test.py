"""The lists of lanes.py name tests that are there."""

import pathlib
import re

import lanes
import pytest

TESTS = pathlib.Path(__file__).parent
STARTS = [
    *(start for starts in lanes.SLOW.values() for start in starts),
    *(start for starts in lanes.FIRST_LANE.values() for start in starts),
    *lanes.LONGEST,
    *lanes.EAGER,
    *lanes.IN_GRAPHS,
]


@pytest.mark.parametrize("start", sorted(set(STARTS)))
def test_what_is_named_is_there(start):
    file, _, test = start.partition("[")[0].partition("::")
    assert (TESTS / file).exists()
    # golden_test.py takes some of its tests from the files golden_*.py beside it.
    files = [TESTS / file, *(TESTS / "conformance").glob("golden_*.py")] if test else []
    assert not test or any(re.search(rf"^def {test}", f.read_text(), re.MULTILINE) for f in files)


def test_each_test_that_is_left_out_has_a_reason():
    assert lanes.why_slow("notebooks_test.py::test_it_runs_from", []) == "starts processes"
    assert lanes.why_slow("nets/heads_test.py::test_any", ["trained_run"]) == "looks at a whole run"
    assert lanes.why_slow("nets/heads_test.py::test_any", ["tmp_path"]) is None
    assert "text" in lanes.why_first_lane("config/remarks_test.py::test_any")
    assert lanes.why_first_lane("tasks/train_test.py::test_any").startswith("another run")
    assert lanes.why_first_lane(lanes.BOTH_LANES[0]) is None
    assert lanes.why_first_lane("optim/lars_test.py::test_any") is None


def test_files_that_take_longest_go_first():
    assert lanes.turn("conformance/golden_test.py::test_any") == 0
    assert lanes.turn("conformance/any_test.py") < lanes.turn("config/config_test.py::test_any")


def test_what_runs_eagerly_is_not_what_is_compared_bit_for_bit():
    assert lanes.runs_eagerly("few_labels_test.py::test_any")
    assert not lanes.runs_eagerly("nets/heads_test.py::test_any")
    assert not lanes.runs_eagerly("memory_run_test.py::test_resumed_in_microbatches_too")
    assert not any(lanes.runs_eagerly(test) for test in lanes.BOTH_LANES)
