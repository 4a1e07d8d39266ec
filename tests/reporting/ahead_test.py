import pytest

from tf_simclr.reporting.ahead import ahead_note, baselines_ahead

RESULT = {
    "pictures": 1000,
    "linear_probe_top1": 0.53,
    "retrieval_at_1": 0.55,
    "hog/linear_probe_top1": 0.58,
    "hog/retrieval_at_1": 0.64,
    "raw_pixels/linear_probe_top1": 0.44,
    "raw_pixels/retrieval_at_1": 0.59,
}


def test_baselines_that_do_better_are_named_with_the_scores_in_which_they_do():
    assert baselines_ahead(RESULT) == {
        "HOG + colours": ["linear probe", "retrieval at 1"],
        "Raw pixels": ["retrieval at 1"],
    }
    assert ahead_note(RESULT).startswith(
        "Better than this encoder: HOG + colours (linear probe, retrieval at 1), raw pixels"
        " (retrieval at 1). It may need more steps"
    )


@pytest.mark.parametrize(
    # Of 1,000 pictures, two shares near .55 have a standard error of .0223.
    ("theirs", "counts"),
    [(0.570, False), (0.575, True)],
)
def test_a_difference_within_the_error_is_none(theirs, counts):
    result = {"pictures": 1000, "knn_top1": 0.55, "raw_pixels/knn_top1": theirs}
    assert bool(baselines_ahead(result)) == counts


def test_the_better_of_plain_features_and_pyramid_counts():
    by_pyramid = {"pyramid/retrieval_at_1": 0.7, "pyramid/hog/linear_probe_top1": 0.7}
    assert baselines_ahead(RESULT | by_pyramid) == {"HOG + colours": ["linear probe"]}


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"pictures": 1000, "linear_probe_top1": 0.5},
        {"pictures": 1000, "hog/linear_probe_top1": 0.5},  # The encoder was not probed.
        {**RESULT, "linear_probe_top1": 0.9, "retrieval_at_1": 0.9},
        {key: value for key, value in RESULT.items() if key != "pictures"},  # of an older version
    ],
)
def test_nothing_is_said_where_none_is(result):
    assert baselines_ahead(result) == {} and ahead_note(result) == ""
