"""Which baselines do better than an encoder: what a user should know before relying on it."""

import math
from collections.abc import Mapping
from typing import Any

from tf_simclr.evaluation.provenance import PICTURES
from tf_simclr.reporting.names import COLUMNS, PYRAMID, in_text, rows_in


def baselines_ahead(result: Mapping[str, Any]) -> dict[str, list[str]]:
    """Title of a baseline -> the scores of COLUMNS in which it is ahead; {} if none is.

    Of each the better score counts: of plain features, or by the pyramid and after whitening. A
    difference counts above the standard error of a difference of two independent shares; as both
    are of the same pictures, the true one is smaller.

    Args:
      result: content of result.json.
    """
    pictures, found = result.get(PICTURES, 0), dict[str, list[str]]()
    if not pictures:
        return found
    for row, title in rows_in(result).items():
        for key, column in COLUMNS.items():
            ours, theirs = _best(result, key), _best(result, row + key)
            if ours is None or theirs is None:
                continue
            error = math.sqrt((ours * (1 - ours) + theirs * (1 - theirs)) / pictures)
            if theirs - ours > error:
                found.setdefault(title, []).append(in_text(column))
    return found


def _best(result: Mapping[str, Any], key: str) -> float | None:
    return max((result[name] for name in (key, PYRAMID + key) if name in result), default=None)


def ahead_note(result: Mapping[str, Any]) -> str:
    """A sentence on the baselines that are ahead, and what to do; "" if none is.

    Args:
      result: content of result.json.
    """
    ahead = baselines_ahead(result)
    if not ahead:
        return ""
    said = ", ".join(f"{in_text(title)} ({', '.join(keys)})" for title, keys in ahead.items())
    return (
        f"Better than this encoder: {said}. It may need more steps (--train_minutes) or more"
        " pictures; until then such features serve better."
    )
