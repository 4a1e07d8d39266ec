"""Examines pictures of a folder: whether they can be decoded, by what, and what they are like."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent import futures

import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.data import decoding, folder_listing, kept_findings
from tf_simclr.data.kept_findings import UNREADABLE, Finding, Stamp
from tf_simclr.file_errors import of_storage
from tf_simclr.quiet import stderr_silenced

# From so many files on it takes long enough to be announced.
_MANY = 5000


def examine(
    folder: str, paths: Sequence[str], *, kept_in: str | None, report: Callable[[str], None]
) -> dict[str, Finding]:
    """Decodes pictures; in a bucket only those that were not decoded before.

    Args:
      folder: in which the paths are, local or remote.
      paths: of the pictures.
      kept_in: where findings of a bucket are kept if not next to the pictures; None is nowhere.
      report: called with a line if it takes long, or if the findings cannot be kept.

    Returns:
      Path -> its finding.

    Raises:
      tf.errors.OpError: the folder is in a bucket that does not answer.
    """
    if not buckets.is_remote(folder):
        return _decode_all(folder, paths, report)

    def stamped(path: str) -> Stamp:
        status = tf.io.gfile.stat(tf.io.gfile.join(folder, path))
        return Stamp(status.length, status.mtime_nsec)

    with futures.ThreadPoolExecutor(folder_listing.threads_for(folder)) as pool:
        stamps = dict(zip(paths, pool.map(stamped, paths), strict=True))
    keeping = [folder, kept_in] if kept_in else [folder]
    kept = kept_findings.read(keeping)
    same = {path: kept[path][1] for path in paths if path in kept and kept[path][0] == stamps[path]}
    found = same | _decode_all(folder, [path for path in paths if path not in same], report)
    if len(same) < len(paths) or len(kept) > len(paths):
        whole = {path: (stamps[path], found[path]) for path in paths}
        kept_findings.write(whole, keeping, report)
    return found


def _decode_all(
    folder: str, paths: Sequence[str], report: Callable[[str], None]
) -> dict[str, Finding]:
    def examined(path: str) -> Finding:
        whole = tf.io.gfile.join(folder, path)
        try:
            if not folder_listing.may_be_read(whole):
                return UNREADABLE
            encoded = tf.io.read_file(whole)
            shape, gray = (measured.numpy() for measured in _measure(encoded))
        except Exception as error:  # Whatever a decoder raises, the file is unusable.
            if of_storage(error):  # That says nothing about the file.
                raise
            return UNREADABLE
        content = encoded.numpy()
        height, width, _ = map(int, shape)
        orientation, reader = decoding.read_orientation(content), decoding.reader_of(content)
        return Finding(orientation, reader, height, width, bool(gray), _hash(content))

    if len(paths) >= _MANY:
        report(f"image_folder: decoding {len(paths)} pictures once to find unreadable ones")
    threads = folder_listing.threads_for(folder)
    # libjpeg's messages about damaged files add nothing to our own line.
    with stderr_silenced(), futures.ThreadPoolExecutor(threads) as pool:
        return dict(zip(paths, pool.map(examined, paths), strict=True))


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def _measure(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes a picture; its shape, int32 [3], and whether it is gray, a scalar bool."""
    picture = decoding.decode_picture(encoded)
    return tf.shape(picture), tf.reduce_all(picture[..., 1:] == picture[..., :1])


def _hash(content: bytes) -> int:
    # Of 64 bits: two of 1,000,000 pictures have the same by chance once in 40,000,000 folders.
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big")
