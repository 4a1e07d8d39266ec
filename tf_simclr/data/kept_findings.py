"""What was found in the pictures of a folder in a bucket, kept for the next start.

To look at a picture there costs its download and its decoding; whether it is still the same, a
question for its size and time of writing. (A listing would tell these of a thousand pictures at
once; tf.io.gfile takes only the names from it.)
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
    """What is found in a picture.

    Attributes:
      orientation: EXIF's, 1 to 8; 0 if it cannot be decoded.
      reader: of decoding.py, by what it is decoded; "" if it cannot be.
    """

    orientation: int
    reader: str


UNREADABLE = Finding(0, reader="")


class Stamp(NamedTuple):
    """By which a file is known to be the same: its bytes, and nanoseconds since 1970."""

    size: int
    written: int


Findings = Mapping[str, tuple[Stamp, Finding]]  # by path in the folder


def read(folders: Sequence[str]) -> dict[str, tuple[Stamp, Finding]]:
    """What the first of some folders keeps; {} if none has anything, or it is not of use.

    Args:
      folders: in which it may be kept, in turn.
    """
    for folder in folders:
        try:
            with tf.io.gfile.GFile(tf.io.gfile.join(folder, NAME), "rb") as file:
                told = json.loads(gzip.decompress(file.read()))
            if told["read_by"] != _read_by():
                continue
            return {
                path: (Stamp(size, written), Finding(orientation, reader))
                for path, size, written, orientation, reader in told["pictures"]
            }
        except (tf.errors.OpError, OSError, EOFError, ValueError, KeyError, TypeError):
            continue
    return {}


def write(findings: Findings, folders: Sequence[str], report: Callable[[str], None]) -> None:
    """Keeps findings in the first of some folders that can be written.

    Args:
      findings: of all pictures.
      folders: to try, in turn.
      report: is given a line if there is none.
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
        "image_folder: what was found in the pictures cannot be kept beside them, and the next"
        f" start decodes them again ({told})"
    )


def _read_by() -> list[str]:
    """What decides which pictures can be read."""
    return [tf.__version__, PIL.__version__]
