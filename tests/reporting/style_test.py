import re

import pytest

from tf_simclr.reporting.style import STYLE


def luminance(colour):
    """Relative, from 0 for black to 1 for white: #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    pairs = [2 * digit for digit in digits] if len(digits) == 3 else re.findall("..", digits)
    shares = [int(pair, 16) / 255 for pair in pairs]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722)))


def colours(rule):
    """Property -> colour, of the first rule for the whole page behind this text."""
    found = re.search(re.escape(rule) + r":root\{(.*?)\}", STYLE, re.DOTALL)[1]
    return dict(re.findall(r"--(\w+):(#\w+)", found))


@pytest.mark.parametrize("rule, dark", [("\n", False), ("(prefers-color-scheme:dark){", True)])
def test_a_page_is_as_dark_as_the_system_and_its_text_can_be_read(rule, dark):
    found = colours(rule)
    for ground in ("page", "card"):
        assert (luminance(found[ground]) < 0.1) == dark
        for text in ("text", "muted", "accent", "good"):
            light, low = sorted((luminance(found[ground]), luminance(found[text])), reverse=True)
            assert (light + 0.05) / (low + 0.05) >= 4.5, f"{text} on {ground}"  # WCAG 2.2, AA


def test_both_schemes_set_the_same_colours():
    assert colours("\n").keys() == colours("(prefers-color-scheme:dark){").keys()


def test_all_that_a_page_has_to_set_is_the_length_of_a_bar():
    used, given = set(re.findall(r"var\(--(\w+)", STYLE)), set(re.findall(r"--(\w+):", STYLE))
    assert used - given == {"share"} and given <= used
