"""The names of a result's scores and rows, wherever they are shown."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

# Keys of a result -> the titles of a table's columns.
COLUMNS = {
    "linear_probe_top1": "Linear probe",
    "knn_top1": "kNN",
    "retrieval_at_1": "Retrieval at 1",
}
# The same keys -> what the score means, in half a sentence.
MEANINGS = {
    "linear_probe_top1": "Pictures that a linear classifier on these features gets right.",
    "knn_top1": "Pictures that the vote of the nearest training pictures gets right.",
    "retrieval_at_1": "How often the nearest picture of another group shows the same thing.",
}
# Keys of a classifier's accuracy in a result.
TOP_1, TOP_5 = "eval/label_top_1_accuracy", "eval/label_top_5_accuracy"
# Keys of a result -> what is scored, and how.
SCORES = {
    "linear_probe_top1": "Linear probe, top-1",
    "knn_top1": "kNN, top-1",
    "retrieval_at_1": "Retrieval at 1",
    TOP_1: "Classifier, top-1",
    TOP_5: "Classifier, top-5",
}
# Prefixes of these keys -> what was judged.
ROWS = {
    "": "This encoder",
    "hog/": "HOG + colours",  # where scikit-image is installed
    "raw_pixels/": "Raw pixels",
    "random_init/": "Untrained network",
}

# Before the prefix of a row: its scores by the pyramid, with whitened neighbours.
PYRAMID = "pyramid/"

# Keys of a result -> what they say beside the scores of features without labels.
FEATURES = "features"  # how many numbers a picture has
VIEW_PICTURES, VIEWS_OF_EACH = "lidar_pictures", "lidar_views"


class LabelFree(NamedTuple):
    """A judge of features that needs no labels.

    Attributes:
      title: its name.
      better: which values are better: "higher", "lower", or "near 1".
      meaning: what it asks, and how to read it.
      form: how a value is printed.
    """

    title: str
    better: str
    meaning: str
    form: str = "{:.2f}"


# Keys of a result -> the judge; the functions of these names in evaluation/ have the formulas.
LABEL_FREE = {
    "two_view_retrieval": LabelFree(
        "Two-view retrieval",
        "higher",
        "how often a view's nearest neighbour among the other views is of the same picture",
        "{:.1%}",
    ),
    "lidar": LabelFree(
        "LiDAR",
        "higher",
        "in how many directions pictures differ more than their views",
        "{:.1f}",
    ),
    "rankme": LabelFree("RankMe", "higher", "how many directions features fill", "{:.1f}"),
    "alignment": LabelFree(
        "Alignment", "lower", "how far two views are apart, from 0 to 4; a collapse gives 0, too"
    ),
    "uniformity": LabelFree(
        "Uniformity", "lower", "whether all directions are used: about -4 if so, 0 in a collapse"
    ),
    "alpha_req": LabelFree(
        "alpha-ReQ", "near 1", "how fast the variance of directions decays; 0 is noise"
    ),
    "feature_std": LabelFree(
        "Spread",
        "higher",
        "the standard deviation of normalised features, as a share of the most that is possible",
        "{:.1%}",
    ),
}


def rows_in(result: Mapping[str, Any]) -> dict[str, str]:
    """Prefix of a row's keys -> its title: of ROWS those that were judged, and always the first.

    Args:
      result: content of result.json.
    """
    keys = (*COLUMNS, *LABEL_FREE)
    return {
        row: title
        for row, title in ROWS.items()
        if not row or any(row + key in result for key in keys)
    }


def label_free_text(result: Mapping[str, Any], row: str, key: str) -> str:
    """A score of LABEL_FREE as it is shown: "83.1 %", "41.7"; "-" if there is none.

    The standard deviation is shown as a share of its most, 1 / sqrt(features), so that networks of
    different widths can be compared.

    Args:
      result: content of result.json.
      row: prefix of the keys, of ROWS.
      key: of LABEL_FREE.
    """
    value = result.get(row + key)
    if value is None or not math.isfinite(value):
        return "-"
    if key == "feature_std":
        value *= math.sqrt(result.get(row + FEATURES, math.nan))
    text = LABEL_FREE[key].form.format(value).replace("%", " %") if math.isfinite(value) else "-"
    return "0.00" if text == "-0.00" else text


def label_free_note(result: Mapping[str, Any]) -> list[str]:
    """What the scores of LABEL_FREE are of, in lines of a terminal; [] if there are none.

    Args:
      result: content of result.json.
    """
    pictures, views = result.get(VIEW_PICTURES), result.get(VIEWS_OF_EACH)
    if not pictures or not any(key in result for key in LABEL_FREE):
        return []
    chance = f"{100 / pictures:.1f} %"
    return [
        f"{views} views, made as in training, of each of {pictures} test pictures.",
        f"By chance a view finds another one of its picture in {chance}. Compare LiDAR,",
        "RankMe and alpha-ReQ only of networks of one width, trained by one method.",
    ]


def in_text(name: str) -> str:
    """A name as it stands inside a sentence: "Linear probe" -> "linear probe"; "HOG" stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
