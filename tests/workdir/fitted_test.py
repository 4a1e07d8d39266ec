"""What is written is read, of its own step and kind; what is damaged is not, and a line says so."""

import numpy as np
import pytest
import tensorflow as tf

from tf_simclr.evaluation import linear_classifier, whitening
from tf_simclr.evaluation.linear_classifier import LinearClassifier
from tf_simclr.evaluation.whitening import Whitening
from tf_simclr.workdir.fitted import FILES, read_fitted, write_fitted

TABLE = np.random.default_rng(0).normal(size=[20, 6]).astype(np.float32)
LABELS = np.arange(20) % 3
FITTED = {
    Whitening: whitening.fit(TABLE),
    LinearClassifier: linear_classifier.fit(TABLE, LABELS).linear(3),
}
KINDS = pytest.mark.parametrize("kind", FITTED)


@pytest.fixture
def folder(tmp_path):
    for fitted in FITTED.values():
        write_fitted(str(tmp_path), 7, fitted)
    return tmp_path


def test_each_kind_has_a_file():
    assert set(FITTED) == set(FILES)


@KINDS
def test_what_is_written_is_read(folder, kind):
    found = read_fitted(str(folder), 7, kind)
    assert isinstance(found, kind)
    for array, expected in zip(found, FITTED[kind], strict=True):
        np.testing.assert_array_equal(array, expected)
        assert array.dtype == np.float32


@KINDS
def test_another_step_and_a_folder_without_it_have_none(folder, kind, capsys):
    assert read_fitted(str(folder), 8, kind) is None
    assert read_fitted(str(folder / "nowhere"), 7, kind) is None
    assert capsys.readouterr().out == ""


@KINDS
def test_a_later_one_takes_its_place(folder, kind):
    write_fitted(str(folder), 8, FITTED[kind])
    assert read_fitted(str(folder), 7, kind) is None
    assert read_fitted(str(folder), 8, kind) is not None


@KINDS
@pytest.mark.parametrize("content", [b"", b"PK no zip", b"\x80\x04."])
def test_a_damaged_file_is_named_and_not_used(folder, content, kind, capsys):
    path = folder / FILES[kind]
    path.write_bytes(content)
    assert read_fitted(str(folder), 7, kind) is None
    assert capsys.readouterr().out == f"Note: {path.name} is not used ({path} is damaged).\n"


@KINDS
def test_a_file_that_may_not_be_read_is_named_with_the_reason(folder, kind, monkeypatch, capsys):
    path = str(folder / FILES[kind])

    def forbidden(*given):
        raise tf.errors.PermissionDeniedError(None, None, f"{path}; Permission denied")

    monkeypatch.setattr(tf.io.gfile, "GFile", forbidden)  # Who tests as root may read all.
    assert read_fitted(str(folder), 7, kind) is None
    said = capsys.readouterr().out
    assert said == f"Note: {FILES[kind]} is not used ({path}; Permission denied).\n"


@KINDS
@pytest.mark.parametrize("flags", [1 << 0, 1 << 5])  # encrypted; of a compression that is unknown
def test_a_file_whose_flags_were_damaged_is_not_used(folder, flags, kind):
    path = folder / FILES[kind]
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] = flags  # Of the first entry of the directory.
    content[6] = flags  # Of the entry itself.
    path.write_bytes(content)
    assert read_fitted(str(folder), 7, kind) is None


@KINDS
def test_a_file_of_other_arrays_is_none(folder, kind):
    np.savez(folder / FILES[kind], step=7, other=TABLE)
    assert read_fitted(str(folder), 7, kind) is None
