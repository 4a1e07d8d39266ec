import pytest

from tf_simclr import bfloat16
from tf_simclr.assembly.train_checks import slow_precision
from tf_simclr.config import Config


@pytest.mark.parametrize(
    ("precision", "units", "said"),
    [
        ("mixed_bfloat16", "", True),
        ("mixed_bfloat16", "AMX", False),
        ("float32", "", False),
        ("mixed_float16", "", False),
    ],
)
def test_who_computes_in_bfloat16_on_a_cpu_without_its_units_is_told(
    precision, units, said, monkeypatch
):
    monkeypatch.setattr(bfloat16, "units", lambda device: units)
    config = Config.from_flat({"precision": precision})
    started, went_on = slow_precision(config, 0), slow_precision(config, 5)
    assert ("has no units for bfloat16" in started) == said
    assert ("as it began with it" in went_on) == said and "began" not in started
