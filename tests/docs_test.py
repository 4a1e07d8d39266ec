"""What the pages in docs/ point to is there, and the data is prepared as they say."""

import pathlib
import re
import textwrap

import pytest
from tensorflow_datasets.core.utils import gcs_utils

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


def test_imagenet_is_prepared_as_the_page_says_up_to_its_files(tmp_path, monkeypatch):
    page = (ROOT / "docs" / "tpu.md").read_text()
    typed = re.search(r'^    \.venv/bin/python -c "(import os, .*?)"$', page, re.M | re.S)[1]
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(gcs_utils, "_is_gcs_disabled", True)  # No network.
    with pytest.raises(AssertionError, match="ILSVRC2012_img_train.tar"):
        exec(textwrap.dedent(" " * 4 + typed))  # What a shell hands to Python.
