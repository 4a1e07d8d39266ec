"""File-system errors of Python and TensorFlow, each in one line."""

import errno
import os
import re
import zipfile
import zlib

# What reading an .npz file raises where bytes of it were changed or lost. RuntimeError: a flag says
# that an entry is encrypted, or compressed in a way that Python does not know.
DAMAGES = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, AttributeError, RuntimeError),
    *(zlib.error, zipfile.BadZipFile),
)
_PASSING = re.compile("408|429|5..")  # HTTP statuses after which a retry may succeed.
_REASONS = "|".join(re.escape(os.strerror(number)) for number in errno.errorcode)
# What TensorFlow says: "{{node}} ... iterator: Iterator::Root: /the/path; Permission denied [Op".
_OF_TENSORFLOW = re.compile(
    r"(?:\{\{.*?\}\}\s*)?(?:Error in user-defined function .*? iterator: \S+: )?"
    rf"(.*; (?:{_REASONS})|.* is not a directory|Could not find directory .*"
    r"|The specified \w+ gs://.* was not found"
    r"|File system scheme .* not implemented)(?!\w)"
)
# "All 10 retry attempts failed. The last failure: Error executing an HTTP request: HTTP response
# code 403 with body '{...}' when reading gs://bucket/object [Op:...", in several lines.
_OF_STORAGE = re.compile(
    r"Error executing an HTTP request: (?:HTTP response code (?P<status>\d+)"
    r"|libcurl code \d+ meaning '(?P<curl>.*?)')"
    r"(?:.*?\swhen [a-z ]+ (?P<path>gs://.*?)(?= \[Op:|\n|$))?",
    re.DOTALL,
)
_OF_STATUS = {
    "401": "you are not logged in. Run `gcloud auth application-default login`",
    "403": "this account may not do that. Give it a role for the bucket, such as Storage Object"
    " Admin",
    "404": "there is no such object or bucket",
}


def file_error(error: BaseException) -> str | None:
    """The path and the reason, "/the/path; No such file or directory".

    Args:
      error: the one that was caught.

    Returns:
      None if the error is not about a file.
    """
    if found := _OF_STORAGE.search(str(error)):  # In a ValueError of checkpoints, too.
        return f"{found['path'] or 'Google Cloud Storage'}; {_of_storage(found)}"
    if isinstance(error, OSError):
        path = error.filename or "the output"  # Streams do not know their names.
        return f"{path}; {error.strerror}" if error.strerror else None
    if not type(error).__module__.startswith("tensorflow."):
        return None
    found = _OF_TENSORFLOW.search(str(error))
    return found[1] if found else None


def reason(error: BaseException) -> str:
    """An error as one line of a message; the name of its class if it has no text.

    Args:
      error: the one that was caught.
    """
    lines = (file_error(error) or str(error)).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def of_storage(error: BaseException) -> bool:
    """Whether Google Cloud Storage refused something, or could not be reached.

    A missing object does not count: there the storage did answer.

    Args:
      error: the one that was caught.
    """
    found = _OF_STORAGE.search(str(error))
    return found is not None and found["status"] != "404"


def passes(error: BaseException) -> bool:
    """Whether an error comes from Google Cloud Storage and a retry may succeed.

    Args:
      error: the one that was caught, or that was raised from it.
    """
    found = _OF_STORAGE.search(str(error))
    if found and (found["status"] is None or _PASSING.fullmatch(found["status"])):
        return True
    return error.__cause__ is not None and passes(error.__cause__)


def _of_storage(found: re.Match[str]) -> str:
    status = found["status"]
    if status is None:
        return f"Google Cloud Storage cannot be reached ({found['curl']})"
    passing = _PASSING.fullmatch(status)
    told = "the storage is unavailable for now" if passing else "the storage refuses"
    told = _OF_STATUS.get(status, told)
    return f"HTTP response {status}: {told}"
