"""What a run on a slice of TPUs costs, from what its compiled step does."""

import dataclasses
import math
import pathlib
import re

import pytest
from cells import HELD, RECIPES
from measure import named, read

from benchmarks import tpu_costs
from benchmarks.tpu_costs import COPIES, GIB, ONE_HOST, PICTURE, SLICES, Step

R50 = Step(batch=128, memory=9.6e9, flops=6.21e12, accessed=80.7e9, variables=0.24e9)
NUMBERS = {
    "batch": 128,
    "memory_bytes": 9.6e9,
    "flops": 6.21e12,
    "accessed_bytes": 80.7e9,
    "variable_bytes": 0.24e9,
}


def test_a_step_takes_what_arithmetic_takes_or_memory_if_that_is_slower():
    v5e = SLICES["v5e-32"]
    assert R50.least(v5e) == pytest.approx(6.21 / 197)
    assert R50.estimate(v5e) == pytest.approx(80.7 / 819)
    assert Step(1, 1, 197e12, 1, 1).estimate(v5e) == 1  # No traffic to speak of.


def test_hours_and_cores_by_hand():
    # 100 epochs are 31,279 steps of 4096; at 31.5 ms they take 985 s.
    assert tpu_costs.hours(0.0315, 100, 4096) * 3600 == pytest.approx(985, rel=1e-3)
    # 4096 pictures each 93 ms are 44,043 a second.
    assert tpu_costs.cores(0.093, 4096, "pretrain") == pytest.approx(44_043 / 423, rel=1e-3)


def test_half_of_the_devices_have_twice_to_do_and_the_same_variables():
    there = R50.of(256)
    assert (there.batch, there.derived, R50.derived) == (256, True, False)
    assert there.flops == pytest.approx(2 * R50.flops)
    assert there.accessed == pytest.approx(2 * R50.accessed)
    assert there.memory == pytest.approx(2 * R50.memory - R50.variables)


def test_what_was_compiled_goes_before_what_is_reckoned():
    measured = {
        "v1 on v5e-32": NUMBERS,
        "v1 on v4-32, 2 microbatches": NUMBERS | {"batch": 256, "memory_bytes": 7e9},
        "v1 on v4-32": {"batch": 256, "too_large": "33G of 31G"},
        "v1 on v5p-16": {"batch": 512, "too_large": "99G of 94G"},
        "v1 on v5e-32, UNKNOWN": NUMBERS | {"memory_bytes": 1},
        "v2 on v5e-32": NUMBERS | {"memory_bytes": 2},
    }
    found = dict(tpu_costs.steps(measured, "v1"))
    assert list(found) == list(SLICES)
    assert (found["v5e-32"].memory, found["v5e-32"].derived) == (9.6e9, False)
    in_parts = found["v4-32"]
    assert (in_parts.memory, in_parts.microbatches) == (7e9, 2)
    assert in_parts.flops == 2 * 6.21e12  # Of a loop its body is counted, once.
    assert (found["v5e-64"].batch, found["v5e-64"].derived) == (64, True)
    assert found["v5p-16"].memory > SLICES["v5p-16"].memory
    assert list(tpu_costs.steps(measured, "distill")) == []


def test_what_was_compiled_in_parts_is_not_reckoned_for_other_slices():
    measured = {"v1 on v4-32, 2 microbatches": NUMBERS | {"batch": 256}}
    assert [where for where, _ in tpu_costs.steps(measured, "v1")] == ["v4-32"]


def test_a_row_says_that_a_step_does_not_fit():
    assert "does not fit" not in tpu_costs.row("it", "pretrain", "v5e-32", R50)
    large = Step(128, 16.1 * GIB, 1, 1, 1)
    assert "| 16.1 of 16 | does not fit |" in tpu_costs.row("it", "pretrain", "v5e-32", large)
    refused = dataclasses.replace(R50, memory=math.inf, flops=math.nan)
    assert "| > 16 | does not fit |" in tpu_costs.row("it", "pretrain", "v5e-32", refused)


def test_parts_keep_what_does_not_shrink_with_them():
    in_parts = R50.in_parts(4)
    assert (in_parts.batch, in_parts.microbatches, in_parts.derived) == (128, 4, True)
    kept = 0.24e9 * 2.6 + 128 * 2 * 2 * 224 * 224 * 3 * 4
    assert in_parts.memory == pytest.approx(kept + (9.6e9 - 0.24e9) / 4)
    assert in_parts.flops == pytest.approx(6.21e12 * 4 / 3)  # Three passes of work become four.


def test_what_parts_keep_is_what_two_compiled_steps_say():
    v5p = read()["v2_memory 152 3x+SK on v5p-16, 8 microbatches"]
    v5e = read()["v2_memory 152 3x+SK on v5e-32, 16 microbatches"]
    kept = (1 + COPIES) * v5p["variable_bytes"]
    each = (v5p["memory_bytes"] - kept - 512 * PICTURE) / (512 // 8)
    temporaries = COPIES * v5e["variable_bytes"] + 128 * PICTURE + 128 // 16 * each
    said = re.search(r"HLO temporaries \(([\d.]+)G\)", v5e["too_large"])[1]
    assert temporaries / GIB == pytest.approx(float(said), rel=0.05)


def test_one_host_says_what_makes_a_recipe_fit():
    at_v4 = R50.of(1024)  # 75 GB of 34.4: parts of 256 pictures take 21.9, 2 x 512 take 40.7.
    row = tpu_costs.one_host_row("it", "pretrain", "v4-8", at_v4)
    assert row.startswith("| it | v4-8 | ~70.0 of 32 | 4: ~20.3 | 1024: ~17.7 |")
    # A student does not work in parts.
    assert "| ~70.0 of 32 |  | 1024: ~17.7 |" in tpu_costs.one_host_row(
        "it", "classify", "v4-8", at_v4
    )
    assert "| ~70.0 of 95 |  |  |" in tpu_costs.one_host_row("it", "pretrain", "v5p-8", at_v4)
    small = Step(512, 7.7 * GIB, 1e12, 1e9, 1e9)  # More than 95 % of 8 GiB.
    assert not small.fits(ONE_HOST["v2-8"])
    assert small.fits(ONE_HOST["v3-8"])


def test_the_page_has_the_tables_as_they_are_printed():
    page = (pathlib.Path(__file__).parents[1] / "docs" / "tpu.md").read_text()
    for table in tpu_costs.tables():
        assert table in page


def test_the_numbers_are_those_of_the_cells():
    measured = read()
    for name, numbers in measured.items():
        assert named(name).name == name
        assert named(name).batch == numbers["batch"]
    assert {cell.name for cell in HELD} <= measured.keys()
    assert tpu_costs.RECIPES.keys() <= RECIPES.keys()
    # One that is in the table has been compiled at least once.
    assert all(any(tpu_costs.steps(measured, recipe)) for recipe in tpu_costs.RECIPES)


def test_what_is_no_cell_is_refused():
    with pytest.raises(ValueError, match="A cell is 'RECIPE on SLICE'.* Received: 'v1 on v7'"):
        named("v1 on v7")
