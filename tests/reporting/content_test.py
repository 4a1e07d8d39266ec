import numpy as np
import pytest

from tf_simclr.reporting.content import ClassConfusion


@pytest.mark.parametrize(
    "shape, names",
    [((0, 0), ()), ((2, 3), ("a", "b")), ((2, 2), ("a",)), ((4,), ("a", "b", "c", "d"))],
)
def test_a_confusion_is_square_and_of_named_classes(shape, names):
    with pytest.raises(ValueError, match=r"`matrix` must be \[classes, classes\]"):
        ClassConfusion(np.zeros(shape, int), names)
