"""Errors of file systems in one line, whether Python raises them or TensorFlow."""

import errno
import os
import re

_REASONS = "|".join(re.escape(os.strerror(number)) for number in errno.errorcode)
# What TensorFlow says: "{{node}} ... iterator: Iterator::Root: /the/path; Permission denied [Op".
_OF_TENSORFLOW = re.compile(
    r"(?:\{\{.*?\}\}\s*)?(?:Error in user-defined function .*? iterator: \S+: )?"
    rf"(.*; (?:{_REASONS})|.* is not a directory|Could not find directory .*"
    r"|File system scheme .* not implemented)(?!\w)"
)


def file_error(error: BaseException) -> str | None:
    """The path and the reason, "/the/path; No such file or directory".

    Args:
      error: that was caught.

    Returns:
      What is to be said of it; None if it is not about a file.
    """
    if isinstance(error, OSError):
        path = error.filename or "what is printed"  # Streams do not know their names.
        return f"{path}; {error.strerror}" if error.strerror else None
    if not type(error).__module__.startswith("tensorflow."):
        return None
    found = _OF_TENSORFLOW.search(str(error))
    return found[1] if found else None
