"""A table of features as an .npz file, written batch by batch: it may be larger than memory."""

import contextlib
import os
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

import numpy as np
import tensorflow as tf

from tf_simclr.file_errors import reason

BLOCK = 2**20  # bytes copied at a time


def write_features(path: str, batches: Iterable[Mapping[str, np.ndarray]]) -> dict[str, tuple]:
    """Writes the columns of all batches, concatenated, for numpy.load.

    Columns of bytes become text (UTF-8), as wide as the longest. Columns are collected in temporary
    files; `path` is written at the end, in one step.

    Args:
      path: of the file.
      batches: at least one; name -> [rows, ...], each with the same names, types and widths.

    Returns:
      Name -> shape of each column.

    Raises:
      ValueError: if the file cannot be written; if possible before the first batch.
    """
    near = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.tmp")
    with _written(path, near):
        tf.io.gfile.makedirs(os.path.dirname(path) or ".")
        with tf.io.gfile.GFile(near, "w") as file:
            file.write("")
        tf.io.gfile.remove(near)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as files:
        columns: dict[str, _Column] = {}
        for batch in batches:
            for name, values in batch.items():
                if name not in columns:
                    file = files.enter_context(open(os.path.join(folder, name), "w+b"))
                    columns[name] = _Column(file)
                columns[name].append(values)
        temporary = os.path.join(folder, "features.npz")
        with zipfile.ZipFile(temporary, "w", allowZip64=True) as archive:
            for name, column in columns.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                    column.write(member)
        with _written(path, near):
            tf.io.gfile.copy(temporary, near, overwrite=True)
            tf.io.gfile.rename(near, path, overwrite=True)
    return {name: column.shape for name, column in columns.items()}


class _Column:
    """Rows of one name: numbers as they are, text as lengths and bytes."""

    def __init__(self, file: IO[bytes]):
        self._file = file
        self._rows = 0
        self._row: tuple[int, ...] = ()
        self._dtype = np.dtype("V")
        self._is_text = False
        self._longest = 1  # character

    @property
    def shape(self) -> tuple[int, ...]:
        return self._rows, *self._row

    def append(self, values: np.ndarray) -> None:
        self._row, self._dtype = values.shape[1:], values.dtype
        self._rows += len(values)
        self._is_text = values.dtype.hasobject
        if self._is_text:
            for text in values:
                self._longest = max(self._longest, len(text.decode()))
                self._file.write(len(text).to_bytes(4, "little") + text)
        else:
            self._file.write(np.ascontiguousarray(values).tobytes())

    def write(self, member: IO[bytes]) -> None:
        dtype = np.dtype(f"<U{self._longest}") if self._is_text else self._dtype
        header = {"descr": dtype.str, "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_2_0(member, header)
        self._file.seek(0)
        blocks = self._texts(dtype) if self._is_text else iter(lambda: self._file.read(BLOCK), b"")
        for block in blocks:
            member.write(block)

    def _texts(self, dtype: np.dtype) -> Iterator[bytes]:
        for _ in range(self._rows):
            length = int.from_bytes(self._file.read(4), "little")
            yield np.array(self._file.read(length).decode(), dtype).tobytes()


@contextlib.contextmanager
def _written(path: str, near: str) -> Iterator[None]:
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(near)
        raise ValueError(
            f"`output` must be a file that can be written ({reason(error)}). Received:"
            f" output={path!r}."
        ) from error
