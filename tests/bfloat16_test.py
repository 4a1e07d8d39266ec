import pytest

from tf_simclr import bfloat16


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ("fpu sse2 avx2 avx512f", ""),
        ("fpu avx512f avx512_bf16", "AVX512_BF16"),
        ("fpu avx512_bf16 amx_bf16 amx_tile", "AMX"),  # Of both the faster.
        ("fpu not_avx512_bf16", ""),
    ],
)
def test_the_units_of_a_cpu_are_among_its_flags(flags, name, tmp_path, monkeypatch):
    facts = tmp_path / "cpuinfo"
    facts.write_text(f"processor\t: 0\nmodel name\t: X avx512_bf16\nflags\t\t: {flags}\n\n" * 2)
    monkeypatch.setattr(bfloat16, "CPU_FACTS", str(facts))
    assert bfloat16.units.__wrapped__("CPU") == name


def test_a_cpu_that_no_file_describes_has_none_that_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr(bfloat16, "CPU_FACTS", str(tmp_path / "missing"))
    assert bfloat16.units.__wrapped__("CPU") == ""
