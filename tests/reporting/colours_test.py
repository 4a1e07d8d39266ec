import colorsys
import re

import numpy as np
import pytest

from tf_simclr.reporting.colours import FEW, UNLABELLED, class_colour

# Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision
# Deficiency (2009), table 1, severity 1: on linear RGB.
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
         [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
         [-0.011820, 0.042940, 0.968881]]
    ),
}  # fmt: skip


def rgb(colour):
    """Shares of red, green and blue of #rrggbb or hsl(h s% l%)."""
    if colour.startswith("#"):
        return np.array([int(pair, 16) / 255 for pair in re.findall("..", colour[1:])])
    hue, saturation, light = map(float, re.findall(r"[\d.]+", colour))
    return np.array(colorsys.hls_to_rgb(hue / 360, light / 100, saturation / 100))


def lab(colour, seen):
    """CIE L*a*b* (D65) of a colour as it is seen."""
    linear = np.where(
        rgb(colour) <= 0.04045, rgb(colour) / 12.92, ((rgb(colour) + 0.055) / 1.055) ** 2.4
    )
    linear = np.clip(BLINDNESS[seen] @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(xyz @ linear / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", BLINDNESS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_ten_classes_are_told_apart_by_colour_blind_eyes(seen, scheme):
    places = np.array([lab(getattr(each, scheme), seen) for each in FEW])
    apart = np.linalg.norm(places[:, None] - places[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    assert apart.min() > 9, np.unravel_index(apart.argmin(), apart.shape)


@pytest.mark.parametrize("classes", [1, 10, 11, 101])
def test_every_class_and_what_has_none_has_a_colour_of_its_own(classes):
    schemes = {class_colour(label, classes) for label in range(-1, classes)}
    assert len(schemes) == classes + 1
    assert class_colour(-1, classes) == UNLABELLED


def test_hues_that_follow_each_other_are_far_apart():
    hues = [int(class_colour(label, 20).light[4:].split()[0]) for label in range(20)]
    assert len(set(hues)) == 20
    turns = np.abs(np.diff(hues)) % 360
    assert np.minimum(turns, 360 - turns).min() > 90
