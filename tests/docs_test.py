"""What the pages in docs/ point to is there."""

import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_are_there(page):
    named = re.findall(r"`(?:tests/)?([\w/]+_test\.py)(?:::(\w+))?`", page.read_text())
    missing = []
    for file, test in named:
        path = ROOT / "tests" / file
        text = path.read_text() if path.exists() else ""
        if not text or (test and not re.search(rf"^def {test}\(", text, re.MULTILINE)):
            missing.append((file, test))
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_links_to_are_there(page):
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []
