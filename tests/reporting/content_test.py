import numpy as np
import pytest

from tf_simclr.reporting.content import ClassConfusion, Neighbours


def test_a_row_of_the_grid_is_a_query_and_its_neighbours_nearest_first():
    ranks = np.arange(2 * 6).reshape(2, 6)
    pictures = np.broadcast_to(ranks[..., None, None, None], (2, 6, 4, 3, 1)).astype(np.uint8)
    grid = Neighbours(queries=pictures[:, 0], neighbours=pictures[:, 1:]).grid()
    assert grid.shape == (2, 6, 4, 3, 3)
    np.testing.assert_array_equal(grid[:, :, 0, 0, 0], ranks)


@pytest.mark.parametrize(
    "shape, names",
    [((0, 0), ()), ((2, 3), ("a", "b")), ((2, 2), ("a",)), ((4,), ("a", "b", "c", "d"))],
)
def test_a_confusion_is_square_and_of_named_classes(shape, names):
    with pytest.raises(ValueError, match=r"`matrix` must be \[classes, classes\]"):
        ClassConfusion(np.zeros(shape, int), names)
