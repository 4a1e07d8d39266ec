"""Steps that libtpu's compiler compiles anew have the memory, the operations and the traffic kept.

`make test-tpu-compile` runs this, and nothing else does: it takes half an hour of two cores. A
step that changed on purpose is measured anew by measure.py, and so is the table in docs/tpu.md by
`python -m benchmarks.tpu_costs`.
"""

import measure
import pytest
from cells import HELD

SLACK = 0.05
EXACT = ("memory_bytes", "flops", "accessed_bytes")


@pytest.fixture(scope="module")
def measured():
    """Name of a cell -> its numbers."""
    return measure.read()


@pytest.mark.parametrize("cell", HELD, ids=lambda cell: cell.name)
def test_a_step_costs_what_it_did(cell, measured):
    expected, found = measured[cell.name], measure.numbers(cell)
    if "too_large" in expected:
        assert "too_large" in found
        return
    assert {name: found[name] for name in EXACT} == pytest.approx(
        {name: expected[name] for name in EXACT}, rel=SLACK
    )
    kinds, kept = found["collectives"], expected["collectives"]
    assert kinds.keys() == kept.keys()
    for kind, (times, size) in kinds.items():
        assert (times, size) == pytest.approx(tuple(kept[kind]), rel=SLACK), kind
