"""Pictures that a network was not trained for are told of, in words that say what is wrong."""

import pytest

from tf_simclr.picture_range import made_for, size_warning, value_warning


def test_a_reader_is_told_what_to_give():
    text = made_for(48)
    assert text.startswith("Made for pictures of about 48 x 48 pixels, the size it was trained on")
    assert "values in [0, 1]" in text and "divide bytes by 255" in text


@pytest.mark.parametrize(
    "sides", [(48, 48), (33, 33), (71, 71), (40, 60), (None, 48), (None, None)]
)
def test_below_a_factor_of_one_and_a_half_nothing_is_said(sides):
    assert size_warning(sides, 48) == ""


@pytest.mark.parametrize("sides", [(32, 32), (72, 72), (48, 73), (24, 48), (None, 96)])
def test_from_it_on_both_sizes_are_named(sides):
    text = size_warning(sides, 48)
    assert "was trained on pictures of 48 x 48 pixels" in text
    assert " x ".join("any" if side is None else str(side) for side in sides) in text


@pytest.mark.parametrize("values", [(0, 1), (0.2, 0.3), (-0.0005, 1.0005), (float("nan"), 3)])
def test_of_values_in_range_nothing_is_said(values):
    assert value_warning(*values) == ""


@pytest.mark.parametrize(
    ("values", "mend"),
    [
        ((0, 255), "Divide bytes by 255."),
        ((0, 1.2), "Divide"),
        ((-1, 1), "Do not subtract a mean."),
    ],
)
def test_other_values_are_named(values, mend):
    text = value_warning(*values)
    assert f"from {values[0]:g} to {values[1]:g}" in text and mend in text
