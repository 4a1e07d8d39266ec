"""The subject of a result: the keys in result.json that are not scores, and their words.

{"dataset": "emoji32", "train_split": "train", "eval_split": "test", "image_size": 32,
 "weights": "trained", "date": "2026-11-28"}
"""

import os
from collections.abc import Mapping
from typing import Any

TRAINED, AVERAGED = "trained", "averaged"  # weights
LABELS = "labels"  # which were known, if not all
CENTER_CROP = "center_crop"  # there if a share was given
STRATIFIED = "stratified_slices"  # there if slices of a folder were
DATE = "date"
PICTURES = "pictures"  # how many test pictures the features were judged on
# The keys that distinguish one evaluation from another.
KEYS = (
    *("dataset", "data_dir", "train_split", "eval_split", "image_size", "weights", LABELS),
    STRATIFIED,
    CENTER_CROP,
)


def said(result: Mapping[str, Any]) -> str:
    """The subject of a result, in a line: "test of emoji32, 32 pixels, 2026-11-28".

    Args:
      result: content of a result's file; one of an older version has no subject.

    Returns:
      "" if it does not name its split.
    """
    if "eval_split" not in result:
        return ""
    data = os.path.basename(result.get("data_dir", "")) or result.get("dataset")
    parts = [f"{result['eval_split']} of {data}", f"{result.get('image_size')} pixels"]
    if result.get("weights") == AVERAGED:
        parts.append("averaged weights")
    parts += [result[key] for key in (LABELS, DATE) if key in result]
    return ", ".join(parts)
