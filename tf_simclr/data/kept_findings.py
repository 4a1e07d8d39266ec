"""Keeps what was found in the pictures of a folder, so that the next start does not look again.

To examine a picture costs its reading and its decoding; to know that it has not changed, only its
size and time of writing. What was found in a local folder is kept in a file of its own in a cache
folder: TF_SIMCLR_CACHE, or else tf_simclr in XDG_CACHE_HOME or ~/.cache. TF_SIMCLR_CACHE=off keeps
nothing. What was found in a bucket is kept next to the pictures. Where neither can be written, it
is kept in the folder of the run.
"""

import contextlib
import hashlib
import io
import os
import re
import zlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import PIL
import tensorflow as tf

from tf_simclr import buckets
from tf_simclr.data import decoding
from tf_simclr.file_errors import DAMAGES, reason

# In a bucket or in a run's folder; hidden from the listing of pictures.
NAME = ".tf_simclr_pictures.npz"
CACHE, OFF = "TF_SIMCLR_CACHE", "off"
# What decodes a picture, by its number in a finding.
READERS = ("", decoding.TENSORFLOW, decoding.PILLOW, decoding.RARE)
# What was found in a picture: EXIF's orientation, 1 to 8, or 0 if it cannot be decoded; its place
# in READERS; height and width in pixels, before it is turned upright; whether the three channels of
# each pixel are equal; and a hash of the file.
FINDING = np.dtype(
    [
        *(("orientation", "u1"), ("reader", "u1"), ("height", "<i4"), ("width", "<i4")),
        *(("gray", "?"), ("content", "<u8")),
    ]
)
# Identifies a version of a file: its bytes, and when it was written, in ns since 1970.
STAMP = np.dtype([("size", "<i8"), ("written", "<i8")])


class Kept(NamedTuple):
    """What is known of some pictures.

    Attributes:
      paths: in the folder of pictures.
      stamps: array of STAMP, [pictures].
      findings: array of FINDING, [pictures].
    """

    paths: Sequence[str]
    stamps: np.ndarray
    findings: np.ndarray


NOTHING = Kept((), np.zeros(0, STAMP), np.zeros(0, FINDING))


def files(folder: str, kept_in: str | None) -> list[str]:
    """The files in which the findings of a folder may be kept, the preferred one first.

    Args:
      folder: of pictures, local or remote.
      kept_in: another folder for them, such as that of the run; None for none.
    """
    if buckets.is_remote(folder):
        first = tf.io.gfile.join(folder, NAME)
    elif cache := _cache_folder():
        real = os.path.realpath(folder)
        name = re.sub(r"[^\w.-]+", "_", os.path.basename(real))[:40]
        first = os.path.join(cache, "pictures", f"{name}-{_hash(real)}.npz")
    else:
        return []
    return [first, *([tf.io.gfile.join(kept_in, NAME)] if kept_in else [])]


def read(paths: Sequence[str], report: Callable[[str], None]) -> Kept:
    """The findings in the first of some files that has usable ones; NOTHING if none has.

    Args:
      paths: of the files, as `files` gives them.
      report: called with a line for a file that is damaged.
    """
    for path in paths:
        try:
            with tf.io.gfile.GFile(path, "rb") as file:
                content = file.read()
        except (tf.errors.OpError, OSError):
            continue
        try:
            kept = _decoded(content)
        except DAMAGES:
            report(f"image_folder: {path} is damaged: the pictures are examined anew")
            continue
        if kept is not None:
            return kept
    return NOTHING


def write(kept: Kept, paths: Sequence[str], report: Callable[[str], None]) -> None:
    """Keeps findings in the first of some files that can be written; a reader sees all or none.

    Args:
      kept: of all pictures.
      paths: of the files, as `files` gives them; none is no error.
      report: called with a line if there are some and none can be written.
    """
    content = _encoded(kept) if paths else b""
    told = ""
    for path in paths:
        try:
            _write_whole(path, content)
            return
        except (tf.errors.OpError, OSError) as error:
            told = reason(error)
    if told:
        report(
            "image_folder: what was found in the pictures cannot be kept, so the next start decodes"
            f" them again ({told})"
        )


def _cache_folder() -> str:
    """Where findings of local folders are kept; "" for nowhere."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return "" if chosen == OFF else os.path.expanduser(chosen)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    # Without a home directory ~ stays as it is, and would be a folder of that name here.
    return os.path.join(home, "tf_simclr") if os.path.isabs(home) else ""


def _write_whole(path: str, content: bytes) -> None:
    if buckets.is_remote(path):  # An object appears whole or not at all.
        with tf.io.gfile.GFile(path, "wb") as file:
            file.write(content)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.{os.getpid()}.tmp"  # Other processes may write it now.
    try:
        with open(temporary, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


def _encoded(kept: Kept) -> bytes:
    # Names compress to a tenth, and have any character but this one.
    names = zlib.compress("\0".join(kept.paths).encode(), level=1)
    file = io.BytesIO()
    np.savez(
        file,
        read_by=np.array(_read_by()),
        paths=np.frombuffer(names, np.uint8),
        stamps=kept.stamps,
        findings=kept.findings,
    )
    return file.getvalue()


def _decoded(content: bytes) -> Kept | None:
    """The findings in a file; None if they are of other versions of the decoders."""
    with np.load(io.BytesIO(content), allow_pickle=False) as told:
        if told["read_by"].tolist() != _read_by():
            return None
        stamps, findings = told["stamps"], told["findings"]
        names = zlib.decompress(told["paths"].tobytes()).decode()
    paths = names.split("\0") if len(stamps) else []
    if not len(paths) == len(stamps) == len(findings):
        raise ValueError("The columns differ in length.")
    return Kept(paths, stamps.astype(STAMP), findings.astype(FINDING))


def _read_by() -> list[str]:
    """The versions that decide which pictures can be read."""
    return [tf.__version__, PIL.__version__]


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
