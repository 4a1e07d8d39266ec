"""When two networks of float64 have learnt the same."""

from collections.abc import Mapping

import numpy as np

RTOL = 1e-11  # float64 leaves 1e-15; what is summed in another order may grow from there


def assert_same(
    found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], rtol: float = RTOL
) -> None:
    """The same names, and differences below `rtol` of each array's largest value, or of 1e-3."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        scale = max(np.abs(value).max(initial=0), 1e-3)
        np.testing.assert_allclose(found[name], value, rtol=0, atol=rtol * scale, err_msg=name)
