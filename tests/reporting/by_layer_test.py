"""What is said of a result in which layers were judged."""

import math

import pytest

from tf_simclr.reporting.by_layer import best_layers, layer_notes, layers_in


def result_of(pairs, pictures):
    """A result with a probe of each stage: averaged, and pooled to 2x2."""
    result = {"layers": [], "labelled_pictures": pictures}
    for name, shares in pairs.items():
        for end, share in zip(("", "_2x2"), shares):
            result["layers"].append(name + end)
            result[f"probe/{name}{end}"] = share
    return result


def test_layers_are_those_with_a_score_in_their_order():
    result = {"layers": ["stem", "a", "final"], "knn/final": 0.5, "probe/stem": 0.0}
    assert layers_in(result) == ["stem", "final"]
    assert layers_in({"raw_pixels/layers": ["1x1"], "raw_pixels/probe/1x1": 0.1}) == []
    assert layers_in(
        {"raw_pixels/layers": ["1x1"], "raw_pixels/probe/1x1": 0.1}, "raw_pixels/"
    ) == ["1x1"]
    assert layers_in({"knn_top1": 0.5}) == []


def test_the_best_of_each_network_comes_in_the_order_of_rows():
    result = {"raw_pixels/best_layer": "8x8", "best_layer": "stem", "best_layer/knn_top1": 0.5}
    assert best_layers(result) == {"": "stem", "raw_pixels/": "8x8"}


@pytest.mark.parametrize(("pictures", "counts"), [(1000, True), (400, False)])
def test_a_finer_pooling_helps_where_the_gain_is_above_its_standard_error(pictures, counts):
    # By hand: two independent shares of .5 and .53 differ by sqrt((.25 + .2491) / n) on average:
    # 2.2 points of 1,000 pictures, and 3.5 of 400. A hit and a miss more change the fourth digit.
    error = math.sqrt((0.25 + 0.2491) / pictures)
    assert (error < 0.03) == counts
    [said] = layer_notes(result_of({"deep": (0.5, 0.53)}, pictures))
    if counts:
        start = "Pooling to 2x2 in place of averaging helps at deep (+3.0 points); by"
    else:
        start = "Pooling to 2x2 in place of averaging helps at no stage; by"
    assert said == (
        f"{start} the linear probe, differences below {100 * error:.1f} points may be chance."
    )


def test_eight_pictures_that_are_all_right_prove_little():
    # By hand: nine of ten, twice: sqrt(2 * .9 * .1 / 8) is 15 points.
    [said] = layer_notes(result_of({"a": (1.0, 1.0)}, 8))
    assert "helps at no stage" in said and "below 15.0 points may be chance" in said


def test_where_it_hurts_is_said_too():
    pairs = {"a": (0.5, 0.6), "b": (0.5, 0.51), "c": (0.5, 0.7), "d": (0.7, 0.5)}
    [said] = layer_notes(result_of(pairs, 1000))
    assert "helps at a (+10.0 points) and c (+20.0 points) and hurts at d (-20.0 points);" in said


def test_where_no_stage_has_both_poolings_nothing_is_said_of_them():
    assert layer_notes({"layers": ["a", "b_2x2"], "probe/a": 0.5, "labelled_pictures": 9}) == []
    with_best = {"layers": ["a"], "probe/a": 0.5, "labelled_pictures": 9, "best_layer": "a"}
    [said] = layer_notes(with_best)
    assert said.startswith(
        "The best layer is chosen by the linear probe on a fifth of the training"
    )
