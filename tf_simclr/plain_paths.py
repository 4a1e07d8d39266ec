"""Which paths TensorFlow can write a checkpoint to and read it from again."""

import re

from tf_simclr.config.fields import require

# Flags whose paths may be checkpoints or exports in every mode; --output is one only in exports.
FLAGS = ("model_dir", "checkpoint", "teacher")
_PATTERN = re.compile(r"[*?\[\\]")


def require_plain(name: str, path: str) -> None:
    r"""Refuses a path that is a pattern to TensorFlow.

    TensorFlow writes to a path as it is, but takes it as a pattern when it reads: what was saved
    in `run[1]` is looked for in `run1`, and not found.

    Args:
      name: of the flag.
      path: its value.

    Raises:
      ValueError: if it contains * ? [ or \.
    """
    rule = r"must be a path without * ? [ and \, which TensorFlow takes for a pattern when it reads"
    mend = "Rename the folder, or give another one."
    require(not _PATTERN.search(path), name, f"{rule} what was saved", path, mend)
