"""When outputs of a network are those that were recorded."""

import numpy as np

EVALUATION_TOLERANCE = 5e-6  # of a tensor's largest value: golden/README.md, suggested tolerances


def close_in_size(ours: np.ndarray, theirs: np.ndarray, tolerance: float, name: str) -> None:
    """Differences stay below `tolerance` times the largest recorded value."""
    size = np.max(np.abs(theirs))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * size, err_msg=name)
