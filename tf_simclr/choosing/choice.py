"""A value that was chosen for a flag, and the reason."""

from typing import Any, NamedTuple


class Choice(NamedTuple):
    """A chosen value.

    Attributes:
      value: of the flag.
      reason: in a few words, for the line that is printed: "batch 128: 3,361 pictures".
    """

    value: Any
    reason: str
