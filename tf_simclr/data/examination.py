"""Examines pictures of a folder: whether they can be decoded, by what, and what they are like."""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent import futures

import numpy as np
import tensorflow as tf

from tf_simclr.data import decoding, folder_listing, kept_findings
from tf_simclr.data.folder_listing import Listing
from tf_simclr.data.kept_findings import FINDING, READERS, STAMP, Kept
from tf_simclr.file_errors import of_storage
from tf_simclr.progress import Progress
from tf_simclr.quiet import stderr_silenced

# A thread examines so many pictures at a time.
_AT_ONCE = 16
# Who stops the first start does not lose what it has found, from so many pictures on.
_WORTH_KEEPING = 1000
# A file written so recently may be written again without a new time: some file systems count
# seconds.
_RECENT = 2_000_000_000  # ns


def examine(
    listing: Listing,
    *,
    kept_in: str | None,
    report: Callable[[str], None],
    show: bool = True,
    keep: bool = True,
) -> np.ndarray:
    """Decodes those pictures that were not decoded before, or that were written since.

    Args:
      listing: the pictures, local or remote.
      kept_in: a second folder to keep findings in, see `kept_findings`; None for none.
      report: called with a line if what was kept is damaged, or findings cannot be kept.
      show: whether to show how far it has come.
      keep: whether to keep what was found; false writes nothing.

    Returns:
      Array of FINDING, [pictures], in the order of the listing.

    Raises:
      tf.errors.OpError: the folder is in a bucket that does not answer.
    """
    now = time.time_ns()
    stamps = listing.stamps
    if stamps is None:
        stamps, now = _remote_stamps(listing), 0  # There are no two versions of one time.
    files = kept_findings.files(listing.folder, kept_in)
    kept = kept_findings.read(files, report)
    found, known = _known(listing.paths, stamps, kept)
    lasts = np.abs(stamps["written"] - now) > _RECENT
    fewer = len(kept.paths) > known.sum()
    before = int(known.sum())
    try:
        _examine_rest(listing, found, known, show)
    finally:
        added = int((known & lasts).sum()) - before
        if keep and (fewer or added) and (known.all() or added >= _WORTH_KEEPING):
            rows = np.flatnonzero(known & lasts)
            paths = [listing.paths[row] for row in rows.tolist()]
            kept_findings.write(Kept(paths, stamps[rows], found[rows]), files, report)
    return found


def _known(paths: Sequence[str], stamps: np.ndarray, kept: Kept) -> tuple[np.ndarray, np.ndarray]:
    """(array of FINDING, bool): what is known of the pictures, and whether it is."""
    found = np.zeros(len(paths), FINDING)
    place = {path: row for row, path in enumerate(kept.paths)}
    rows = np.fromiter((place.get(path, -1) for path in paths), np.int64, len(paths))
    known = rows >= 0
    known[known] = kept.stamps[rows[known]] == stamps[known]
    found[known] = kept.findings[rows[known]]
    return found, known


def _remote_stamps(listing: Listing) -> np.ndarray:
    """A listing has these of a thousand objects at once, but tf.io.gfile takes only the names."""

    def stamped(path: str) -> tuple[int, int]:
        status = tf.io.gfile.stat(tf.io.gfile.join(listing.folder, path))
        return status.length, status.mtime_nsec

    with futures.ThreadPoolExecutor(folder_listing.threads_for(listing.folder)) as pool:
        return np.array(list(pool.map(stamped, listing.paths)), STAMP)


def _examine_rest(listing: Listing, found: np.ndarray, known: np.ndarray, show: bool) -> None:
    """Fills in what is not known yet, picture by picture."""
    rest = np.flatnonzero(~known)
    parts = [rest[start : start + _AT_ONCE].tolist() for start in range(0, len(rest), _AT_ONCE)]

    def examined(rows: list[int]) -> list[tuple]:
        return [_examined(tf.io.gfile.join(listing.folder, listing.paths[row])) for row in rows]

    pool = futures.ThreadPoolExecutor(folder_listing.threads_for(listing.folder))
    progress = Progress("Reading pictures", len(rest), show=show)
    try:
        # libjpeg's messages about damaged files add nothing to our own line.
        with stderr_silenced(), progress:
            for rows, findings in zip(parts, pool.map(examined, parts)):
                found[rows], known[rows] = np.array(findings, FINDING), True
                progress.advance(len(rows))
    finally:
        pool.shutdown(cancel_futures=True)


def _examined(path: str) -> tuple[int, int, int, int, bool, int]:
    """What was found in a picture, as FINDING has it."""
    unreadable = (0, 0, 0, 0, False, 0)
    try:
        if not folder_listing.may_be_read(path):
            return unreadable
        encoded = tf.io.read_file(path)
        shape, gray = (measured.numpy() for measured in _measure(encoded))
    except Exception as error:  # Whatever a decoder raises, the file is unusable.
        if of_storage(error):  # That says nothing about the file.
            raise
        return unreadable
    content = encoded.numpy()
    height, width, _ = map(int, shape)
    reader = READERS.index(decoding.reader_of(content))
    orientation = decoding.read_orientation(content)
    return orientation, reader, height, width, bool(gray), _hash(content)


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _measure(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a picture; its shape, int32 [3], and whether it is gray, a scalar bool."""
    picture = decoding.decode_picture(encoded)
    return tf.shape(picture), tf.reduce_all(picture[..., 1:] == picture[..., :1])


def _hash(content: bytes) -> int:
    # Of 64 bits: two of 1,000,000 pictures have the same by chance once in 40,000,000 folders.
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
