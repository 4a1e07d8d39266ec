import pytest

from tf_simclr.reporting.names import (
    COLUMNS,
    LABEL_FREE,
    SCORES,
    TOP_1,
    TOP_5,
    in_text,
    label_free_note,
    label_free_text,
)


def test_every_score_of_a_result_has_its_name_and_a_column_a_shorter_one():
    assert list(SCORES) == [*COLUMNS, TOP_1, TOP_5]
    for key, name in COLUMNS.items():
        assert SCORES[key].startswith(name)


@pytest.mark.parametrize(
    ("name", "inside"), [("Linear probe, top-1", "linear probe, top-1"), ("kNN", "kNN"), ("", "")]
)
def test_inside_a_sentence_a_name_starts_small(name, inside):
    assert in_text(name) == inside


@pytest.mark.parametrize(
    ("key", "value", "shown"),
    [
        ("two_view_retrieval", 0.0938, "9.4 %"),
        ("rankme", 33.54, "33.5"),
        ("uniformity", -0.561, "-0.56"),
        ("uniformity", -1e-9, "0.00"),
        ("alignment", float("nan"), "-"),
        ("feature_std", 0.05, "20.0 %"),  # of 1 / sqrt(16)
        ("lidar", None, "-"),
    ],
)
def test_a_score_without_labels_is_shown_in_its_own_form(key, value, shown):
    result = {"raw_pixels/" + key: value, "raw_pixels/features": 16}
    assert label_free_text(result, "raw_pixels/", key) == shown


def test_a_spread_of_unknown_width_is_not_shown():
    assert label_free_text({"feature_std": 0.05}, "", "feature_std") == "-"


@pytest.mark.parametrize(("pictures", "chance"), [(500, "0.2 %"), (8, "12.5 %")])
def test_the_note_says_of_how_many_pictures_and_what_chance_finds(pictures, chance):
    result = {"lidar_pictures": pictures, "lidar_views": 10, "rankme": 3.0}
    first, second, _ = label_free_note(result)
    assert first == f"10 views, made as in training, of each of {pictures} test pictures."
    assert f"in {chance}." in second
    assert label_free_note({"knn_top1": 0.5}) == []


def test_what_is_better_is_one_of_three_words():
    assert {judge.better for judge in LABEL_FREE.values()} == {"higher", "lower", "near 1"}
