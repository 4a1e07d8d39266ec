"""Keeps what was found in the pictures of a folder in a bucket for the next start.

To examine a picture there costs its download and its decoding; to check that it has not changed, a
request for its size and time of writing. (A listing has these for a thousand pictures at once, but
tf.io.gfile takes only the names from it.)
"""

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import PIL
import tensorflow as tf

from tf_simclr.file_errors import reason

# Hidden from the listing of pictures.
NAME = ".tf_simclr_pictures.json.gz"


class Finding(NamedTuple):
    """What was found in a picture.

    Attributes:
      orientation: EXIF's, 1 to 8; 0 if it cannot be decoded.
      reader: what decodes it, as decoding.py names it; "" if it cannot be decoded.
      height: of the picture as it is stored, before it is turned upright, in pixels.
      width: the same.
      gray: whether the three channels of each pixel are equal.
      content: a hash of the file, from 0 to 2**64 - 1: equal for equal content only.
    """

    orientation: int
    reader: str
    height: int
    width: int
    gray: bool
    content: int


UNREADABLE = Finding(0, reader="", height=0, width=0, gray=False, content=0)


class Stamp(NamedTuple):
    """Identifies a version of a file: its bytes, and when it was written, in ns since 1970."""

    size: int
    written: int


Findings = Mapping[str, tuple[Stamp, Finding]]  # by path in the folder


def read(folders: Sequence[str]) -> dict[str, tuple[Stamp, Finding]]:
    """The findings kept in the first of some folders that has them; {} if none has usable ones.

    Args:
      folders: to look in, in turn.
    """
    for folder in folders:
        try:
            with tf.io.gfile.GFile(tf.io.gfile.join(folder, NAME), "rb") as file:
                told = json.loads(gzip.decompress(file.read()))
            if told["read_by"] != _read_by():
                continue
            return {
                path: (Stamp(size, written), Finding(*finding))
                for path, size, written, *finding in told["pictures"]
            }
        except (tf.errors.OpError, OSError, EOFError, ValueError, KeyError, TypeError):
            continue
    return {}


def write(findings: Findings, folders: Sequence[str], report: Callable[[str], None]) -> None:
    """Keeps findings in the first of some folders that can be written.

    Args:
      findings: of all pictures.
      folders: to try, in turn.
      report: called with a line if there is none.
    """
    pictures = [[path, *stamp, *finding] for path, (stamp, finding) in findings.items()]
    content = gzip.compress(json.dumps({"read_by": _read_by(), "pictures": pictures}).encode())
    told = ""
    for folder in folders:
        try:
            # An object appears whole or not at all.
            with tf.io.gfile.GFile(tf.io.gfile.join(folder, NAME), "wb") as file:
                file.write(content)
            return
        except (tf.errors.OpError, OSError) as error:
            told = reason(error)
    report(
        "image_folder: what was found in the pictures cannot be kept next to them, so the next"
        f" start decodes them again ({told})"
    )


def _read_by() -> list[str]:
    """The versions that decide which pictures can be read."""
    return [tf.__version__, PIL.__version__]
