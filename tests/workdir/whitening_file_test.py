"""whitening.npz: what is written is read, of its own step, and what is damaged is nothing."""

import numpy as np
import pytest

from tf_simclr.evaluation import whitening
from tf_simclr.workdir.whitening_file import WHITENING, read_whitening, write_whitening

FITTED = whitening.fit(np.random.default_rng(0).normal(size=[20, 6]))


@pytest.fixture
def folder(tmp_path):
    write_whitening(str(tmp_path), 7, FITTED)
    return tmp_path


def test_what_is_written_is_read(folder):
    for array, expected in zip(read_whitening(str(folder), 7), FITTED, strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.float32


def test_another_step_has_none(folder):
    assert read_whitening(str(folder), 8) is None


def test_a_later_one_takes_its_place(folder):
    write_whitening(str(folder), 8, FITTED)
    assert read_whitening(str(folder), 7) is None
    assert read_whitening(str(folder), 8) is not None


@pytest.mark.parametrize("content", [b"", b"PK no zip", b"\x80\x04."])
def test_a_damaged_file_and_a_folder_without_it_have_none(folder, content):
    (folder / WHITENING).write_bytes(content)
    assert read_whitening(str(folder), 7) is None
    assert read_whitening(str(folder / "nowhere"), 7) is None


def test_a_file_of_other_arrays_is_none(folder):
    np.savez(folder / WHITENING, step=7, mean=FITTED.mean)
    assert read_whitening(str(folder), 7) is None
